// What the pages have in common: they are loaded, say what went wrong, and are loaded again.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { APP } from '../preview/build.mjs'
import { Handset, until } from './handset.mjs'

const TIRED = [500, { error: { code: 'tired', message: '服务器累了' } }]
const PAGES = [
  { start: 'packages/me/pages/tags/index', asks: 'GET /v1/me/tags', full: { chosen: [{ id: 'pets', name: '养宠物', purpose: '', chosen: true }], given: [] }, shows: '养宠物' },
  { start: 'packages/me/pages/ahead/index', asks: 'GET /v1/plans', full: { items: [], next: null }, shows: '没有候补，也没有定期服务' },
  { start: 'packages/tickets/pages/passengers/index', asks: 'GET /v1/passengers', full: { items: [], next: null }, shows: '还没有存过乘客' },
]

for (const { start, asks, full, shows } of PAGES) {
  test(`${start} says what went wrong, shows that it tries again, and is loaded again when pulled down and when seen again`, async () => {
    let answer = Promise.resolve(TIRED)
    const held = () => {
      let give = () => {}
      answer = new Promise((done) => (give = () => done([200, full])))
      return give
    }
    const phone = await Handset.take({ start, answers: { 'GET /v1/waitlist': { items: [], next: null }, [asks]: () => answer } })
    const pulled = () => phone.window.document.querySelector('.pulling')
    await phone.see('服务器累了')

    const again = held()
    phone.tap('再试一次')
    await until(() => phone.all('.skeleton').length, () => phone.text)
    again()
    await phone.see(shows)

    const below = held()
    phone.preview.wx.startPullDownRefresh()
    await until(pulled, () => 'it is pulled down')
    below()
    await until(() => !pulled(), () => 'it is let go')

    const asked = phone.did(asks).length
    phone.instance.onShow()
    await until(() => phone.did(asks).length > asked, () => 'it is asked again')
    phone.away()
  })
}

test('no page writes down for itself how it is loaded', () => {
  const own = fs.readdirSync(APP, { recursive: true }).filter((file) => file.endsWith('.js') && /stopPullDownRefresh|state: 'error'/.test(fs.readFileSync(path.join(APP, file), 'utf8')))
  const MORE_THAN_SHARED = ['packages/points/pages/points/index.js', 'packages/rides/pages/ride/index.js', 'packages/rides/pages/shared/index.js']
  assert.deepEqual(own.sort(), [...MORE_THAN_SHARED, 'utils/loading.js'])
})
