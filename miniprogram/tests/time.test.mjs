import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRequire } from 'node:module'

const { clock, day, greeting, weekday, when } = createRequire(import.meta.url)('../app/utils/time.js')
const NOW = Date.parse('2026-11-24T23:30:00+08:00')

test('moments are said in the time of the street, wherever the phone is', () => {
  assert.equal(clock('2026-11-25T01:05:00Z'), '9:05')
  assert.equal(when('2026-11-25T01:00:00Z', NOW), '明天 9:00')
  assert.equal(day('2026-11-24T16:00:00Z', NOW), '明天', 'midnight in Shanghai')
  assert.equal(day('2026-11-23T02:00:00Z', NOW), '昨天')
  assert.equal(day('2026-12-02T02:00:00Z', NOW), '12 月 2 日')
  assert.equal(weekday('2026-11-25'), '周三')
})

test('one is greeted by the hour of the street', () => {
  assert.deepEqual(
    ['00', '08', '12', '15', '20'].map((hour) => greeting(Date.parse(`2026-11-24T${hour}:00:00+08:00`))),
    ['夜深了', '早上好', '中午好', '下午好', '晚上好'],
  )
})
