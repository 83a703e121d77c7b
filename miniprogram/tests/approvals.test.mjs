// Applying for an item and seeing where it lies, against a server that is a script of answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Handset, is, until } from './handset.mjs'

const APPLY = 'packages/approvals/pages/apply/index'
const ITEM_PAGE = 'packages/approvals/pages/item/index?code=CARE'
const ME = { id: 'r-1', name: '李秀兰', household: null, preferences: {} }
const EMPTY = { items: [], next: null }
const REFUSED = (message, field) => [422, { error: { code: 'x', message, field } }]
const plain = (value) => JSON.parse(JSON.stringify(value))

const card = (code, name, more = {}) => ({ id: code, code, name, domain: 'pension', domain_text: '养老', summary: '', limit_text: '5 个工作日', instant: false, fee_text: '不收费', ...more })
const FIELDS = [
  { name: 'account', label: '银行卡号', type: 'text', required: true, options: [], max: 30, hint: '' },
  { name: 'alone', label: '一个人住吗', type: 'yes_no', required: false, options: [], hint: '' },
]
const MATERIALS = [{ key: 'id_card', name: '身份证', required: true, when_text: '', copies_text: '拍照上传', number: 1, sample_url: '/files/sample', issued_by: '公安机关', hint: '' }]
const ITEM = {
  ...card('CARE', '护理补贴'), version: 2, level_text: '街道', basis: ['《条例》第一条'], visits_text: '不用跑腿', fields: FIELDS, materials: MATERIALS,
  steps: [{ name: 's', text: '社区看一遍', role_text: '社区窗口', limit_text: '3 个工作日内' }], hints: [], result_text: '补贴', deliveries: ['electronic', 'mail'], guide: '',
}
const material = (more = {}) => ({
  key: 'id_card', name: '身份证', applies: true, required: true, copies_text: '拍照上传', number: 1, hint: '', issued_by: '', files: [], paper: false, reused_from: '',
  verdict: 'pending', verdict_text: '', remark: '', ...more,
})
const button = (name, text, fields = [], danger = false) => ({ name, text, fields, danger, main: false })
const SIGNING = [{ name: 'truthful', label: '属实', type: 'yes_no', required: true, options: [], hint: '' }]
const DRAFT_ACTIONS = [button('edit', '改'), button('hand-over', '交上去', SIGNING), button('discard', '删掉', [], true)]
const view = ({ details = {}, ...more } = {}) => ({
  case_no: 'SP-1', kind: 'approval', kind_text: '审批', title: '护理补贴', sentence: '还没有交', state: 'some', state_text: '某个状态', tone: 'wait', actions: DRAFT_ACTIONS, version: 4,
  updated_at: '2026-11-24T01:00:00Z', clock: null, resident: { id: 'r-1', name: '李秀兰' }, behalf_text: '', provider: null, worker: null, open: true, unread: 0, expires_at: null, ...more,
  details: {
    item_id: 'CARE', form: {}, materials: [material()], lacking: [], delivery: null, address: '', steps: [], lies_with: '', next_text: '', aloud: '', notices: [],
    publicity_until: '', result_text: '', ground: '', reason: '', pick_up_code: '', ...details,
  },
})
const answers = (more = {}) => ({
  'GET /v1/items/CARE': ITEM, 'GET /v1/me': ME, 'GET /v1/cases': EMPTY, 'GET /v1/proxies': EMPTY, 'GET /v1/subscriptions': EMPTY, 'GET /v1/cases/SP-1': view(),
  'GET /v1/cases/SP-1/attachments': EMPTY, 'GET /v1/cases/SP-1/reuses': EMPTY, 'POST /v1/cases/SP-1/edit': (body) => [200, view({ details: edited(body) })], ...more,
})
/** What a server would say after such an edit. */
const edited = ({ materials, ...rest }) => ({ ...rest, ...(materials ? { materials: materials.map(({ reuse, ...one }) => material({ ...one, ...(reuse ? { files: ['f-8', 'f-9'], reused_from: reuse } : {}), ...(one.paper ? { reused_from: 'SP-0' } : {}) })) } : {}) })
const bodies = (phone, what) => plain(phone.did(what).map((one) => one.body))
const onPart = (phone, name) => until(() => phone.instance.data.name === name, () => `on ${name}, not ${phone.instance.data.name}`)

test('the guide finds by domain and by word, and an item is opened from it', async () => {
  const items = [card('CARE', '护理补贴'), card('LIVE', '居住证明', { domain: 'papers', domain_text: '证件', instant: true, summary: '给学校看' })]
  const phone = await Handset.take({ start: 'packages/approvals/pages/guide/index', answers: answers({ 'GET /v1/items': { items, next: null } }) })
  await phone.see('居住证明')
  phone.tap('养老')
  await until(() => !phone.text.includes('居住证明'), () => phone.text)
  phone.tap('全部')
  phone.type('搜事项', '学校')
  await until(() => !phone.text.includes('护理补贴'), () => phone.text)
  assert.ok(phone.text.includes('当场办'))
  phone.type('搜事项', '火箭')
  await phone.see('没有找到')
  phone.tap('看全部事项')
  await phone.see('护理补贴')
  phone.tap('护理补贴')
  await phone.see('我要办理')
  phone.away()
})

test('an item says what it takes; what may not fit is said, and turns nobody away', async () => {
  const hints = [{ text: '满 80 岁', fits: false }, { text: '住在本街道', fits: true }, { text: '没有领过', fits: null }]
  const phone = await Handset.take({ start: ITEM_PAGE, answers: answers({ 'GET /v1/items/CARE': { ...ITEM, hints } }) })
  await phone.see('您照样可以申请')
  assert.equal(phone.all('.doubtful').length, 1)
  assert.ok(phone.text.includes('在哪里开：公安机关') && phone.named('看身份证的样子') && !phone.text.includes('《条例》'))
  phone.tap('办事依据（1 条）')
  await phone.see('《条例》第一条')
  phone.tap('我要办理')
  await phone.see('银行卡号')
  phone.away()
})

test('the draft is opened with the first answers, once, and kept on the phone until then', async () => {
  let lost = true
  const open = () => (lost ? [503, {}] : [201, view({ details: { form: { account: '6222' } } })])
  const phone = await Handset.take({ start: `${APPLY}?code=CARE`, answers: answers({ 'POST /v1/approvals': open }) })
  await phone.see('银行卡号')
  phone.tap('下一步')
  await phone.see('请填写“银行卡号”')
  assert.equal(phone.did('POST /v1/approvals').length, 0)
  phone.type('银行卡号', '6222')
  await until(() => phone.stored('draft.approval.CARE')?.form.account === '6222', () => 'kept on the phone')
  phone.tap('下一步')
  await until(() => phone.did('POST /v1/approvals').length === 1, () => 'sent')
  lost = false
  await onPart(phone, 'materials')
  assert.deepEqual(new Set(bodies(phone, 'POST /v1/approvals').map((one) => JSON.stringify(one))), new Set([JSON.stringify({ item_id: 'CARE', form: { account: '6222' } })]))
  assert.equal(phone.stored('draft.approval.CARE'), undefined)
  phone.away()
})

test('what is typed goes up by itself, the last word of it, and what was refused is said at its answer', async () => {
  let refused = false
  const edit = (body) => (refused ? REFUSED('卡号不对', 'form.account') : [200, view({ details: { form: body.form } })])
  const phone = await Handset.take({ start: `${APPLY}?case_no=SP-1`, answers: answers({ 'POST /v1/cases/SP-1/edit': edit }) })
  await phone.see('银行卡号')
  phone.type('银行卡号', '6')
  phone.type('银行卡号', '62')
  await phone.see('已自动保存')
  assert.deepEqual(bodies(phone, 'POST /v1/cases/SP-1/edit'), [{ form: { account: '62' } }])
  refused = true
  phone.type('银行卡号', '62x')
  await until(() => phone.all('.wrong').filter((one) => one.textContent === '卡号不对').length === 2, () => 'beside the answer and above the button')
  refused = false
  phone.tap('下一步')
  await onPart(phone, 'materials')
  assert.deepEqual(bodies(phone, 'POST /v1/cases/SP-1/edit').slice(1), [{ form: { account: '62x' } }, { form: { account: '62x' } }], 'what was refused goes up again')
  phone.away()
})

test('what was typed without a network is there when the program is opened again, and goes up then', async () => {
  const cut = await Handset.take({ start: `${APPLY}?case_no=SP-1`, answers: answers() })
  await cut.see('银行卡号')
  cut.preview.settings.set('network', 'cut')
  cut.type('银行卡号', '6222')
  await until(() => cut.stored('draft.approval.SP-1')?.form.account === '6222', () => 'kept on the phone')
  assert.equal(cut.did('POST /v1/cases/SP-1/edit').length, 0)
  cut.away()

  const later = await Handset.take({ start: `${APPLY}?case_no=SP-1`, answers: answers(), kept: { agreed: 1, token: 'mine', 'draft.approval.SP-1': { form: { account: '6222' } } } })
  await later.see('已自动保存')
  assert.equal(later.box('银行卡号').value, '6222')
  assert.deepEqual(bodies(later, 'POST /v1/cases/SP-1/edit'), [{ form: { account: '6222' } }])
  assert.equal(later.stored('draft.approval.SP-1'), undefined)
  later.away()
})

test('what was begun is gone on with, or thrown away', async () => {
  const begun = view({ details: { form: { account: '6222' } } })
  const cases = { items: [view({ case_no: 'SP-0', details: { item_id: 'OTHER' } }), view({ case_no: 'SP-2', actions: [] }), begun], next: null }
  const phone = await Handset.take({ start: `${APPLY}?code=CARE`, answers: answers({ 'GET /v1/cases': cases, 'POST /v1/cases/SP-1/discard': [200, {}] }) })
  await phone.see('没填完的')
  assert.equal(phone.box('银行卡号').value, '6222')
  phone.tap('不要这份，重新填')
  await phone.choose('重新填')
  await until(() => phone.did('POST /v1/cases/SP-1/discard').length === 1, () => 'thrown away')
  assert.equal(phone.did('POST /v1/approvals').length, 0)
  phone.away()
})

test('a paper is taken from an earlier case with one tap, or brought to the window, one paper at a time', async () => {
  const reuses = { items: [{ key: 'id_card', case_no: 'SP-0', title: '居住证明', at: '2026-01-01T00:00:00Z', files: ['f-8', 'f-9'] }], next: null }
  const phone = await Handset.take({ start: `${APPLY}?case_no=SP-1`, answers: answers({ 'GET /v1/cases/SP-1/reuses': reuses }) })
  await phone.see('银行卡号')
  phone.type('银行卡号', '6222')
  phone.tap('下一步')
  await onPart(phone, 'materials')
  await phone.see('居住证明交过 2 张')
  phone.press(phone.named('用以前交过的身份证'))
  await until(() => phone.all('.photo').length === 2, () => phone.text)
  phone.press(phone.named('身份证到窗口交纸质的'))
  await until(() => phone.did('POST /v1/cases/SP-1/edit').length === 3 && !phone.instance.data.busy, () => 'brought on paper')
  phone.press(phone.named('不要身份证第 1 张'))
  await until(() => phone.did('POST /v1/cases/SP-1/edit').length === 4, () => 'left out')
  assert.deepEqual(bodies(phone, 'POST /v1/cases/SP-1/edit').slice(1), [
    { materials: [{ key: 'id_card', reuse: 'SP-0' }] }, { materials: [{ key: 'id_card', files: ['f-8', 'f-9'], paper: true }] }, { materials: [{ key: 'id_card', files: [] }] },
  ])
  phone.away()
})

test('everything is read over and signed as it was seen; a refusal leads to the page it belongs to', async () => {
  let refusal = REFUSED('请交身份证', 'materials.id_card')
  const whole = view({ details: { form: { account: '6222', alone: true }, delivery: 'mail', address: '幸福里 3-2-501', lacking: ['身份证'] } })
  const phone = await Handset.take({
    start: `${APPLY}?case_no=SP-1`,
    answers: answers({ 'GET /v1/cases/SP-1': () => [200, whole], 'POST /v1/cases/SP-1/hand-over': () => refusal ?? [200, view({ case_no: 'SP-1' })] }),
  })
  await phone.see('银行卡号')
  for (const part of ['materials', 'delivery', 'check']) {
    phone.tap('下一步')
    await onPart(phone, part)
  }
  for (const text of ['还差这些', '6222', '一个人住吗', '还没交', '邮寄到家', '幸福里 3-2-501', '李秀兰']) assert.ok(phone.text.includes(text), text)
  phone.tap('交上去')
  await phone.see('请先勾选')
  assert.equal(phone.did('POST /v1/cases/SP-1/hand-over').length, 0)
  phone.press(phone.named('以上内容属实'))
  phone.tap('交上去')
  await onPart(phone, 'materials')
  await phone.see('请交身份证')
  refusal = null
  phone.tap('下一步')
  await onPart(phone, 'delivery')
  phone.tap('下一步')
  await onPart(phone, 'check')
  phone.tap('交上去')
  await phone.see('已经交上去了')
  assert.deepEqual(bodies(phone, 'POST /v1/cases/SP-1/hand-over').at(-1), { truthful: true, version: 4 })
  phone.tap('复制编号')
  await phone.see('要用到您的个人信息')
  phone.away()
})

test('a notice leads to the papers it names, and those that are fine are left alone', async () => {
  const notices = [{ number: 1, at: '今天', until: '12 月 4 日', lines: ['身份证：看不清'], note: '', answered: false }]
  const materials = [material({ files: ['f-1'], verdict: 'unclear', verdict_text: '看不清', remark: '请在亮处重拍' }), material({ key: 'photo', name: '照片', files: ['f-2'], verdict: 'fine', verdict_text: '合格' })]
  const phone = await Handset.take({ start: `${APPLY}?case_no=SP-1`, answers: answers({ 'GET /v1/cases/SP-1': view({ details: { notices, materials } }) }) })
  await onPart(phone, 'materials')
  await phone.see('请在亮处重拍')
  assert.ok(phone.text.includes('请在 12 月 4 日 前补上'))
  assert.deepEqual(phone.all('.lacking').length, 1)
  assert.equal(phone.all('[aria-label="不要照片第 1 张"]').length, 0)
  assert.ok(phone.named('再拍一张身份证'))
  phone.away()
})

test('somebody of the family is applied for by their id', async () => {
  const mother = { id: 'p-1', principal: { id: 'r-2', name: '李秀英' }, holder: { id: 'r-1', name: '' }, scopes: ['approvals'], relation: '母亲', revoked_at: null, expires_at: '2040-01-01T00:00:00Z' }
  const father = { ...mother, id: 'p-2', principal: { id: 'r-3', name: '李大山' }, scopes: ['bookings'], relation: '父亲' }
  const phone = await Handset.take({
    start: `${APPLY}?code=CARE`,
    answers: answers({ 'GET /v1/proxies': { items: [mother, father], next: null }, 'POST /v1/approvals': () => [201, view({ behalf_text: '替 李秀英 办的' })] }),
  })
  await phone.see('母亲 李秀英')
  assert.ok(!phone.text.includes('李大山'), 'whoever lets me book does not let me apply')
  phone.tap('母亲 李秀英')
  phone.type('银行卡号', '6222')
  phone.tap('下一步')
  await phone.see('替 李秀英 办的')
  assert.deepEqual(bodies(phone, 'POST /v1/approvals'), [{ item_id: 'CARE', form: { account: '6222' }, resident_id: 'r-2' }])
  phone.away()
})

const CASE_PAGE = 'packages/cases/pages/case/index?case_no=SP-1'
const onCase = (shown, more = {}) => answers({
  'GET /v1/cases/SP-1': shown, 'GET /v1/cases/SP-1/history': EMPTY, 'GET /v1/cases/SP-1/rating': {}, 'GET /v1/cases/SP-1/complaint': {}, 'GET /v1/cases/SP-1/messages': { ...EMPTY, unread: 0 }, 'GET /v1/cases/SP-1/documents': EMPTY, ...more,
})

test('the case says where it lies, with whom, what is next, and how much of the time is used and stood still', async () => {
  const steps = [{ name: 'a', text: '社区审核', state: 'done', who: '张敏', at: '2025-11-09T10:12:00+08:00', limit_text: '3 天内' }, { name: 'b', text: '街道审核', state: 'now', who: '', at: '', limit_text: '5 天内' }]
  const details = { lies_with: '街道审核，李强', next_text: '街道看完就决定', aloud: '您的护理补贴在街道审核', steps, pick_up_code: '482913' }
  const papers = [{ id: 'd-1', text: '受理通知书', number: '受〔2026〕1 号', at: '2025-11-09T02:00:00Z', url: '/documents/d-1' }, { id: 'd-2', text: '补正通知书', number: '', at: '2025-11-09T02:00:00Z', url: '' }]
  const clock = { text: '剩 13 个工作日', due_at: '2026-12-04T09:00:00Z', overdue: false, unit: 'working_days', used: 7, total: 20, paused: true, paused_for: 3, sentence: '已用 7 天，共 20 个工作日' }
  const phone = await Handset.take({ start: CASE_PAGE, answers: onCase(view({ actions: [button('go-back', '撤回', [], true)], clock, details }), { 'GET /v1/cases/SP-1/documents': { items: papers, next: null } }) })
  await phone.see('街道审核，李强')
  await phone.see('受〔2026〕1 号')
  for (const text of ['街道看完就决定', '482913', '正在做，做好就能打开', '已用 7 天，共 20 个工作日', '11 月 9 日 10:12 · 张敏']) assert.ok(phone.text.includes(text), text)
  assert.deepEqual([phone.all('.used')[0].style.width, phone.all('.halted')[0].style.width], ['35%', '15%'])
  assert.ok(phone.text.includes('5 天内') && !phone.text.includes('3 天内'), 'a limit that was kept says nothing any more')
  assert.ok(!phone.text.includes('接着填') && !phone.text.includes('现在拍照补交'))
  phone.tap('读给我听')
  await phone.see('您的护理补贴在街道审核')
  phone.tap('复制这段话')
  await phone.see('要用到您的个人信息')
  phone.away()
})

test('what is lacking is said once and answered on the spot; what is filled in page by page is no button of its own', async () => {
  const notices = [{ number: 1, at: '今天', until: '12 月 4 日', lines: ['身份证：看不清', '照片：缺'], note: '', answered: false }]
  const phone = await Handset.take({ start: CASE_PAGE, answers: onCase(view({ details: { notices } })) })
  await phone.see('1. 身份证：看不清')
  assert.ok(phone.text.includes('2. 照片：缺'))
  const drawn = phone.all('wx-button[class~=button]').map((one) => [one.textContent.trim(), is(one, 'danger')])
  assert.deepEqual(drawn, [['删掉', true]])
  phone.tap('现在拍照补交')
  await onPart(phone, 'materials')
  phone.away()

  const begun = await Handset.take({ start: CASE_PAGE, answers: onCase(view()) })
  await begun.see('接着填')
  begun.away()
})

test('whoever has no message left on the way is asked for the next one, and every move can be unfolded', async () => {
  const subscription = { template_id: 't-1', title: '审批进度通知', moment: 'approve', credits: 0, state: 'accepted' }
  const history = { items: [{ seq: 1, at: '2025-11-09T02:00:00Z', text: '提交申请', target_text: '已提交', by: '李秀兰', role: '', reason: '' }], next: null }
  const phone = await Handset.take({
    start: CASE_PAGE,
    answers: onCase(view({ actions: [] }), {
      'GET /v1/subscriptions': { items: [subscription], next: null }, 'POST /v1/subscriptions': () => [200, { items: [{ ...subscription, credits: 1 }] }], 'GET /v1/cases/SP-1/history': history,
    }),
  })
  await phone.see('要补材料、办到下一步')
  phone.tap('要提醒')
  await until(() => !phone.text.includes('要补材料、办到下一步'), () => phone.text)
  assert.deepEqual(bodies(phone, 'POST /v1/subscriptions'), [{ results: { 't-1': 'accept' } }])
  assert.ok(!phone.text.includes('已提交'))
  phone.tap('每一次经过（1 条）')
  await phone.see('已提交')
  phone.away()
})

test('progress is told to whoever has the number, and nobody is signed in for it', async () => {
  let known = false
  const found = { case_no: 'SP-20261103-0000528', item: '护理补贴', state_text: '街道审核', tone: 'active', aloud: '在街道审核', clock_text: '剩 13 天', steps: [] }
  const phone = await Handset.take({
    start: 'packages/approvals/pages/progress/index', kept: {},
    answers: { 'POST /v1/progress': () => (known ? [200, found] : [404, { error: { code: 'x', message: '没有找到，请核对编号和后四位' } }]) },
  })
  await phone.see('不用登录也能查')
  phone.tap('查一查')
  await phone.see('请填办件编号')
  phone.type('办件编号', ' sp-20261103-0000528')
  phone.type('手机号后四位', '001')
  phone.tap('查一查')
  await phone.see('后四位数字')
  assert.deepEqual(phone.asked, [])
  phone.type('手机号后四位', '0001')
  phone.tap('查一查')
  await phone.see('没有找到')
  known = true
  phone.tap('查一查')
  await phone.see('在街道审核')
  assert.ok(phone.text.includes('剩 13 天'))
  assert.deepEqual(bodies(phone, 'POST /v1/progress')[1], { case_no: 'SP-20261103-0000528', phone_tail: '0001' })
  assert.ok(phone.asked.every((one) => one.what === 'POST /v1/progress'))
  phone.away()
})
