// What somebody wants to hear of and what the street has put on them, against a server that is a script of answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Handset, is, until } from './handset.mjs'

const choices = (phone) => phone.instance.data.chosen.map((each) => each.chosen).join()
const PAGE = 'packages/me/pages/tags/index'
const pets = { id: 'pets', name: '养宠物', purpose: '打疫苗、办证的通知', chosen: false }
const school = { id: 'school', name: '有小学生', purpose: '报名、放假托管的通知', chosen: true }
const alone = { id: 'alone', name: '独居老人', purpose: '天冷天热提醒，上门看望', reason: '来窗口说一个人住', by: '王芳', at: '2020-03-05T01:00:00Z' }
const all = (chosen = [pets, school], given = [alone]) => ({ chosen, given })

test('one tap chooses and one tap drops, and the server says what is chosen then', async () => {
  const phone = await Handset.take({
    start: PAGE,
    answers: {
      'GET /v1/me/tags': all(),
      'PUT /v1/me/tags/pets': all([{ ...pets, chosen: true }, school]),
      'DELETE /v1/me/tags/school': all([{ ...pets, chosen: true }, { ...school, chosen: false }]),
    },
  })
  await phone.see('养宠物')
  const ticked = () => phone.all('.tick').filter((each) => is(each, 'on')).map((each) => each.textContent)
  assert.match(ticked().join(), /有小学生/)
  phone.tap('养宠物')
  await until(() => phone.did('PUT /v1/me/tags/pets').length === 1 && !phone.instance.data.busy, () => phone.text)
  assert.equal(ticked().length, 2)
  phone.tap('有小学生')
  await until(() => phone.did('DELETE /v1/me/tags/school').length === 1 && !phone.instance.data.busy, () => phone.text)
  assert.equal(choices(phone), 'true,false')
  phone.away()
})

test('a choice that the server could not keep is undone, and said', async () => {
  const phone = await Handset.take({ start: PAGE, answers: { 'GET /v1/me/tags': all(), 'PUT /v1/me/tags/pets': () => [404, { error: { code: 'tag_not_found', message: '没有这个标签' } }] } })
  await phone.see('养宠物')
  phone.tap('养宠物')
  await phone.see('没有这个标签')
  assert.equal(choices(phone), 'false,true')
  phone.away()
})

test('what the street has put on somebody says who, when and why, and goes with a tap that is asked back once', async () => {
  const phone = await Handset.take({ start: PAGE, answers: { 'GET /v1/me/tags': all(), 'DELETE /v1/me/tags/alone': all([pets, school], []) } })
  await phone.see('王芳 2020 年 3 月 5 日标的：来窗口说一个人住')
  phone.tap('取消')
  await phone.choose('先留着')
  assert.equal(phone.did('DELETE /v1/me/tags/alone').length, 0)
  phone.tap('取消')
  await phone.choose('取消它')
  await phone.see('现在没有')
  assert.ok(!phone.text.includes('独居老人'))
  phone.away()
})

test('where the street has made no tags the page says so', async () => {
  const phone = await Handset.take({ start: PAGE, answers: { 'GET /v1/me/tags': all([], []) } })
  await phone.see('还没有可以关注的内容')
  phone.away()
})
