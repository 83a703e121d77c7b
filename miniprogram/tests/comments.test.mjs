// Comments under an announcement, against a server that is a script of answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Handset, until } from './handset.mjs'

const PAGE = 'packages/announcements/pages/announcement/index?id=a-1'
const COMMENTS = '/v1/announcements/a-1/comments'
const one = (more = {}) => ({
  id: 'a-1', state: 'published', state_text: '已发布', title: '周四停水', text: '请先存水', images: [], publisher: '团结社区', audience: { kind: 'compound', place_id: 'p-1', text: '团结社区 团结佳苑' },
  published_at: '2026-11-24T01:00:00Z', edition: 1, corrected_at: null, correction_note: '', withdrawn_at: null, withdraw_reason: '', unread: false, comments: true, ...more,
})
const comment = (id, more = {}) => ({
  id, by: '王女士', text: `留言 ${id}`, at: '2026-11-24T02:00:00Z', state: 'shown', state_text: '已选登', mine: false, reason: '', answer: '', answered_by: '', answered_at: null, actions: [], ...more,
})
const own = (id, more = {}) => comment(id, { by: '李女士', mine: true, state: 'waiting', state_text: '等社区选登', actions: [{ name: 'delete', text: '删除' }], ...more })
const page = (items, more = {}) => ({ items, next: null, open: true, left: 3, ...more })
const refused = (status, code, message) => [status, { error: { code, message } }]

/** The page of an announcement, and a server that keeps the comments it is given; `refuse` is what it says instead. */
async function commented(items, { announcement = {}, left = 3, open = true, ...more } = {}) {
  const server = { items, left, open, refuse: null }
  const answers = {
    'GET /v1/announcements/a-1': () => [200, one({ comments: open, ...announcement })],
    [`GET ${COMMENTS}`]: () => [200, page(server.items, { left: server.left, open: server.open })],
    [`POST ${COMMENTS}`]: ({ text }) => {
      if (server.refuse) return server.refuse
      server.items = [own('new', { text }), ...server.items]
      server.left -= 1
      return [201, server.items[0]]
    },
    'DELETE /v1/comments/new': () => {
      server.items = server.items.filter((each) => each.id !== 'new')
      return [200, {}]
    },
  }
  const phone = await Handset.take({ start: PAGE, answers: { ...answers, ...more.answers }, kept: { agreed: 1, token: 'mine', ...more.kept } })
  await phone.see(announcement.withdrawn_at ? '撤回' : '请先存水')
  return Object.assign(phone, { server })
}

const asks = (phone) => phone.did(`GET ${COMMENTS}`)
const writes = (phone) => phone.did(`POST ${COMMENTS}`)
const ready = (phone) => until(() => asks(phone).length && phone.instance.data.comments, () => 'the comments are there')

test('who reads an announcement reads what was picked and what was answered, and of what is their own how it stands', async () => {
  const phone = await commented([
    own('1'), own('2', { state: 'hidden', state_text: '没有选登', reason: '写了别人的电话' }), own('3', { state: 'shown', state_text: '已选登' }),
    comment('4', { answer: '周四晚上十点恢复', answered_by: '团结社区', answered_at: '2026-11-24T03:00:00Z' }),
  ])
  await phone.see('留言 4')
  assert.match(phone.text, /我 · [^王]*等社区选登 ?留言 1.*没有选登 ?留言 2 ?没有选登是因为：写了别人的电话.*我 · [^选]*已选登 ?留言 3.*王女士 · .*留言 4 ?团结社区 .* 回复 ?周四晚上十点恢复/)
  assert.equal(phone.text.match(/没有选登(?!是)|等社区选登|已选登/g).length, 3, 'of others’ there is nothing to say')
  assert.equal(phone.all('wx-button').filter((each) => each.textContent.trim() === '删掉').length, 3, 'only of their own')
  phone.away()
})

test('nothing of it is there where comments are closed and there are none, nor under what was withdrawn', async () => {
  const closed = await commented([], { open: false })
  await ready(closed)
  assert.ok(!closed.text.includes('留言'))
  closed.away()

  const silent = await commented([], { open: false, answers: { [`GET ${COMMENTS}`]: () => refused(400, 'x', '打不开') } })
  await until(() => asks(silent).length, () => 'asked')
  assert.ok(!silent.text.includes('留言'))
  silent.away()

  const gone = await commented([comment('1')], { announcement: { state: 'withdrawn', text: '', withdrawn_at: '2026-11-24T03:00:00Z', withdraw_reason: '不停了' } })
  assert.equal(asks(gone).length, 0)
  assert.ok(!gone.text.includes('留言'))
  gone.away()
})

test('where comments were closed later those that were picked stay, and nothing can be written', async () => {
  const phone = await commented([comment('1')], { open: false })
  await phone.see('这条公告现在不收留言了')
  assert.ok(phone.text.includes('留言 1'))
  assert.equal(phone.all('textarea').length, 0)
  phone.away()
})

test('a comment is counted while it is written, sent once, and then stands there waiting to be picked', async () => {
  const phone = await commented([comment('1')])
  await phone.see('您还能写 3 条')
  assert.equal(phone.all('.off').length, 1, 'nothing to send yet')
  phone.type('写留言', '几点恢复？')
  await phone.see('写了 5 个字，最多 200 个字')
  phone.tap('发送')
  phone.tap(phone.text.includes('正在发…') ? '正在发…' : '发送')
  await phone.see('等社区选登')
  assert.deepEqual(writes(phone).map((each) => each.body), [{ text: '几点恢复？' }])
  assert.ok(phone.text.includes('您还能写 2 条') && phone.text.includes('写了 0 个字'))
  assert.equal(phone.box('写留言').value, '')
  assert.equal(phone.stored('draft.comment.a-1'), undefined)
  phone.away()
})

test('blanks alone are not sent', async () => {
  const phone = await commented([])
  await phone.see('您还能写 3 条')
  phone.type('写留言', '   ')
  await phone.see('写了 3 个字')
  phone.tap('发送')
  await phone.instance.send()
  assert.equal(writes(phone).length, 0)
  phone.away()
})

test('what was typed survives a send that fails, and that the page is opened again', async () => {
  const phone = await commented([])
  await phone.see('您还能写 3 条')
  phone.server.refuse = refused(422, 'comment_unsuitable', '这段话微信不让发，请换个说法')
  phone.type('写留言', '几点恢复？')
  phone.tap('发送')
  await phone.see('请换个说法')
  assert.equal(phone.box('写留言').value, '几点恢复？')
  assert.deepEqual(phone.stored('draft.comment.a-1'), { text: '几点恢复？' })
  phone.type('写留言', '几点来水？')
  await until(() => !phone.text.includes('请换个说法'), () => 'what is wrong is not wrong any more')
  phone.away()

  const again = await commented([], { kept: { 'draft.comment.a-1': { text: '几点恢复？' } } })
  await again.see('写了 5 个字')
  assert.equal(again.box('写留言').value, '几点恢复？')
  again.away()
})

test('who has written as many as they may, or finds comments closed meanwhile, is told so instead of a box', async () => {
  for (const [code, message, change] of [['enough_comments', '您已经写了 3 条', { left: 0 }], ['comments_closed', '现在不收留言了', { open: false }]]) {
    const phone = await commented([])
    await phone.see('您还能写 3 条')
    Object.assign(phone.server, change, { refuse: refused(409, code, message) })
    phone.type('写留言', '几点恢复？')
    phone.tap('发送')
    await phone.see(message)
    assert.equal(phone.all('textarea').length, 0, code)
    phone.away()
  }
  const full = await commented([own('1')], { left: 0 })
  await full.see('写满了')
  assert.equal(full.all('textarea').length, 0)
  full.away()
})

test('one’s own is deleted after a question, and stays when the answer is no', async () => {
  const phone = await commented([own('new', { text: '我写错了' })])
  await phone.see('我写错了')
  phone.press(phone.named('删掉我的留言：我写错了'))
  await phone.choose('留着')
  phone.press(phone.named('删掉我的留言：我写错了'))
  await phone.choose('删掉')
  await until(() => !phone.text.includes('我写错了'), () => phone.text)
  assert.equal(phone.did('DELETE /v1/comments/new').length, 1)
  phone.away()
})

test('one that cannot be deleted now is still there, and it is said why; one that is gone already is gone', async () => {
  const phone = await commented([own('new')], { answers: { 'DELETE /v1/comments/new': () => refused(409, 'busy', '现在删不了') } })
  await phone.see('留言 new')
  phone.press(phone.named('删掉我的留言：留言 new'))
  await phone.choose('删掉')
  await phone.choose('现在删不了')
  assert.ok(phone.text.includes('留言 new'))
  phone.away()

  const gone = await commented([own('new')], { answers: { 'DELETE /v1/comments/new': () => refused(404, 'comment_not_found', '没有这条留言') } })
  await gone.see('留言 new')
  gone.server.items = []
  gone.press(gone.named('删掉我的留言：留言 new'))
  await gone.choose('删掉')
  await until(() => !gone.text.includes('留言 new'), () => gone.text)
  gone.away()
})

test('there is more where there is more, and what came meanwhile is not there twice', async () => {
  const pages = { '': page([comment('1'), comment('2')], { next: 'older' }), older: page([comment('2'), comment('3')]) }
  const phone = await commented([], { answers: { [`GET ${COMMENTS}`]: (body, query) => [200, pages[query.cursor ?? '']] } })
  await phone.see('看更多留言')
  phone.tap('看更多留言')
  await phone.see('留言 3')
  assert.equal(phone.instance.data.comments.items.map((each) => each.id).join(), '1,2,3')
  assert.ok(!phone.text.includes('看更多留言'))
  phone.away()
})

test('where comments cannot be had now the announcement is there, and they are asked for again', async () => {
  let broken = true
  const phone = await commented([], { answers: { [`GET ${COMMENTS}`]: () => (broken ? refused(400, 'x', '打不开') : [200, page([comment('1')])]) } })
  await phone.see('留言现在打不开')
  broken = false
  phone.tap('再看一次')
  await phone.see('留言 1')
  phone.away()
})
