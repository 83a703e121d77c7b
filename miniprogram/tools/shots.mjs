// Which pages are photographed, whose phone it is, and what is done on the page first.
import { PEOPLE, hold, ride, waiting } from './street.mjs'
import { control, elsewhere, until } from '../tests/e2e/stage.mjs'

const CLEANING = 'svc01'
const DEEP_CLEANING = 'svc04'
const ALLOWANCE = 'ELDER-ALLOWANCE'
const APPLY = 'packages/approvals/pages/apply/index'
const { applicant, busy, family, holding, regular } = PEOPLE
const newcomer = PEOPLE.new

/** The hour that is taken on the pages that ask for one. */
const pick = async (phone, index = 4) => {
  await phone.view.getByRole('radio', { name: '，剩' }).nth(index).click()
}

/** A time for a booking that is not held yet, as the service's page hands it on. */
const soon = () => {
  const day = new Date(Date.now() + 32 * 3600_000 + 2 * 24 * 3600_000).toISOString().slice(0, 10)
  return encodeURIComponent(`${day}T09:30:00+08:00`)
}

/**
 * name: of the picture; page: with its query, from the case numbers of the street; see: what is on it once it is there;
 * act: what is done then; agreed: false for whoever has not agreed to the rules yet; now: its countdown needs the real time; below:
 * not from its top; empty: the same page for somebody with nothing, or before anything is chosen; whole: why it has no states.
 */
export const SHOTS = [
  { name: 'home', page: () => 'pages/home/index', who: busy, see: '按类别找', empty: { who: newcomer } },
  { name: 'home-agreement', page: () => 'pages/home/index', who: newcomer, agreed: false, see: '欢迎来到诃额伦社区' },
  { name: 'home-newcomer', page: () => 'pages/home/index', who: newcomer, see: '填一下您住的小区' },
  { name: 'cases', page: () => 'pages/cases/index', who: busy, see: '就这些了', empty: { who: newcomer } },
  { name: 'inbox', page: () => 'pages/inbox/index', who: busy, see: '没看过', empty: { who: newcomer } },
  { name: 'me', page: () => 'pages/me/index', who: busy, see: '消息订阅', empty: { who: newcomer } },
  { name: 'me-privacy', page: () => 'pages/me/index', who: newcomer, see: '消息订阅', act: askPrivacy },
  {
    name: 'services', page: () => 'packages/services/pages/list/index', who: busy, see: '日常保洁',
    empty: { act: async (phone) => phone.view.locator('wx-input input').first().fill('火箭') },
  },
  { name: 'service', page: () => `packages/services/pages/service/index?id=${CLEANING}`, who: busy, see: '选一个时间', act: pick, empty: {} },
  { name: 'form', page: () => `packages/services/pages/form/index?id=${DEEP_CLEANING}&start=${soon()}`, who: busy, see: '到时联系谁', act: fillForm, empty: {} },
  {
    name: 'confirm', page: async () => `packages/services/pages/confirm/index?case_no=${await hold()}`, who: holding, see: '这个时间给您留着', now: true,
    empty: { act: expire },
  },
  { name: 'plan', page: () => `packages/services/pages/plan/index?id=${CLEANING}`, who: busy, see: '周几来', act: choosePlan, empty: {} },
  { name: 'bundle', page: () => 'packages/services/pages/bundle/index?id=moving-house', who: busy, see: '有一件约不上时', act: (phone) => pick(phone, 0), empty: {} },
  { name: 'case', page: (street) => of(street.onTheWay), who: busy, see: '经过', empty: { page: (street) => of(street.submitted) } },
  { name: 'case-quoted', page: (street) => of(street.quoted), who: busy, see: '合计' },
  { name: 'case-assigned', page: (street) => of(street.assigned), who: busy, see: '经过' },
  { name: 'case-done', page: (street) => of(street.done), who: busy, see: '经过' },
  { name: 'case-rated', page: (street) => of(street.completed), who: busy, see: '您的评价' },
  { name: 'case-bundle', page: (street) => of(street.bundle), who: PEOPLE.mover, see: '一共办这几件' },
  { name: 'case-complaint', page: (street) => of(street.complaint), who: busy, see: '经过' },
  { name: 'case-talk', page: (street) => of(street.onTheWay), who: busy, see: '不另外收费', below: true, act: (phone) => phone.view.getByText('和工作人员说').evaluate((one) => one.scrollIntoView()) },
  { name: 'case-privacy', page: (street) => of(street.submitted), who: busy, see: '经过', below: true, act: (phone) => phone.view.getByLabel('加照片').click() },
  { name: 'act', page: (street) => `packages/cases/pages/act/index?case_no=${street.assigned}&action=reschedule`, who: busy, see: '改约', act: pick, empty: {} },
  { name: 'rate', page: (street) => `packages/cases/pages/rate/index?case_no=${street.rateable}`, who: busy, see: '您满意吗', act: rate, empty: {} },
  { name: 'complain', page: (street) => `packages/cases/pages/complain/index?case_no=${street.done}`, who: busy, see: '哪里不满意', act: complain, empty: {} },
  { name: 'guide', page: () => 'packages/approvals/pages/guide/index', who: busy, see: '查办到哪一步', empty: { act: async (phone) => phone.view.locator('wx-input input').first().fill('火箭') } },
  { name: 'item', page: () => `packages/approvals/pages/item/index?code=${ALLOWANCE}`, who: applicant, see: '要交的材料', empty: { page: () => 'packages/approvals/pages/item/index?code=RESIDENCE' } },
  { name: 'apply', page: () => `${APPLY}?code=${ALLOWANCE}`, who: family, see: '替谁办', act: fillAllowance, empty: {} },
  { name: 'apply-materials', page: (street) => `${APPLY}?case_no=${street.begun}`, who: applicant, see: '填一下', act: (phone) => forward(phone, 1) },
  { name: 'apply-delivery', page: (street) => `${APPLY}?case_no=${street.begun}`, who: applicant, see: '填一下', act: (phone) => forward(phone, 2) },
  { name: 'apply-supplement', page: (street) => `${APPLY}?case_no=${street.lacking}`, who: applicant, see: '一次告诉您要补的' },
  { name: 'apply-check', page: (street) => `${APPLY}?case_no=${street.lacking}`, who: applicant, see: '一次告诉您要补的', act: check },
  { name: 'receipt', page: (street) => `packages/approvals/pages/receipt/index?case_no=${street.handedIn}`, who: applicant, see: '已经交上去了', empty: {} },
  { name: 'progress', page: () => 'packages/approvals/pages/progress/index', who: newcomer, agreed: false, see: '不用登录也能查', act: lookUp, whole: '它不向服务器先取什么，只有查过和没查过两种样子' },
  { name: 'case-supplement', page: (street) => of(street.lacking), who: applicant, see: '一次告诉您全部要补的' },
  { name: 'case-publicity', page: (street) => of(street.shown), who: applicant, see: '公示到' },
  { name: 'case-granted', page: (street) => of(street.ready), who: applicant, see: '告诉工作人员' },
  { name: 'case-papers', page: (street) => of(street.instant), who: applicant, see: '给您的文书', act: (phone) => phone.tap('我填的和交的') },
  { name: 'case-begun', page: (street) => of(street.begun), who: applicant, see: '还没有交上来' },
  { name: 'aloud', page: (street) => `packages/cases/pages/aloud/index?case_no=${street.shown}`, who: applicant, see: '请身边的人念给您听', empty: { who: busy, page: (street) => `packages/cases/pages/aloud/index?case_no=${street.submitted}` } },
  { name: 'bills', page: () => 'packages/bills/pages/list/index', who: PEOPLE.payer, see: '就这些了', empty: { who: newcomer } },
  { name: 'bill-lookup', page: () => 'packages/bills/pages/lookup/index', who: PEOPLE.payer, see: '缴给谁', act: lookUpBill, empty: {} },
  { name: 'bill-pay', page: async () => `packages/bills/pages/pay/index?id=${(await billOf('open')).id}`, who: PEOPLE.payer, see: '怎么缴', act: (phone) => phone.tap('自己定'), empty: {} },
  { name: 'bill-unpaid', page: async () => `packages/bills/pages/pay/index?id=${await begunBill()}`, who: PEOPLE.payer, see: '还没有付款' },
  { name: 'bill-receipt', page: async () => `packages/bills/pages/receipt/index?id=${(await billOf('paid')).payment_id}`, who: PEOPLE.payer, see: '这笔积分来自', empty: {} },
  { name: 'payments', page: () => 'packages/bills/pages/payments/index', who: PEOPLE.payer, see: '就这些了', empty: { who: newcomer } },
  { name: 'bill-accounts', page: async () => (await savedAccount()) && 'packages/bills/pages/saved/index', who: PEOPLE.payer, see: '再存一个', empty: { who: newcomer } },
  { name: 'bill-account', page: async () => `packages/bills/pages/edit/index?id=${await savedAccount()}`, who: PEOPLE.payer, see: '改好了', empty: { page: () => 'packages/bills/pages/edit/index' } },
  { name: 'auto-pay', page: async () => `packages/bills/pages/autopay/index?id=${await agreedTo()}`, who: PEOPLE.payer, see: '同意记录', empty: { page: async () => `packages/bills/pages/autopay/index?id=${await savedAccount('payee-telecom')}` } },
  { name: 'auto-pay-agreement', page: async () => `packages/bills/pages/autopay/index?id=${await savedAccount('payee-telecom')}`, who: PEOPLE.payer, see: '积分自动缴费协议' },
  { name: 'ride-order', page: () => 'packages/rides/pages/order/index', who: PEOPLE.rider, see: '谁坐车', act: price, empty: {} },
  { name: 'ride-place', page: () => 'packages/rides/pages/place/index?which=to', who: PEOPLE.rider, see: '小区', empty: { act: async (phone) => phone.view.locator('wx-input input').first().fill('火箭') } },
  { name: 'ride', page: async () => `packages/rides/pages/ride/index?case_no=${(await ride()).case_no}`, who: PEOPLE.rider, see: '念给师傅听', now: true, empty: { who: PEOPLE.holding, page: async () => `packages/rides/pages/ride/index?case_no=${await waiting()}` } },
  { name: 'ride-shared', page: async () => ((await ride()).path || 'packages/rides/pages/shared/index'), who: newcomer, agreed: false, see: '位置是', now: true, empty: { page: () => 'packages/rides/pages/shared/index?token=none' } },
  { name: 'ticket-order', page: () => 'packages/tickets/pages/order/index', who: PEOPLE.traveller, see: '坐什么去', empty: {} },
  { name: 'ticket-quoted', page: (street) => ticketOf(street.quotedTicket), who: PEOPLE.traveller, see: '给您的报价', now: true },
  { name: 'ticket', page: (street) => ticketOf(street.ticket), who: PEOPLE.traveller, see: '取票号', empty: { page: (street) => ticketOf(street.quotedTicket) } },
  { name: 'ticket-refund', page: (street) => ticketOf(street.givenBack), who: PEOPLE.traveller, see: '退票能退多少', now: true },
  { name: 'ticket-choose', page: (street) => `packages/tickets/pages/choose/index?case_no=${street.ticket}&action=ask_refund`, who: PEOPLE.traveller, see: '退票', act: (phone) => phone.view.getByRole('checkbox').first().click(), empty: {} },
  { name: 'passengers', page: () => 'packages/tickets/pages/passengers/index', who: PEOPLE.traveller, see: '加一个人', empty: { who: newcomer } },
  { name: 'passenger', page: async () => `packages/tickets/pages/passenger/index?id=${await companion()}`, who: PEOPLE.traveller, see: '用什么证件', empty: { page: () => 'packages/tickets/pages/passenger/index' } },
  { name: 'announcements', page: () => 'packages/announcements/pages/list/index', who: busy, see: '就这些了', empty: { who: newcomer } },
  { name: 'announcement', page: () => 'packages/announcements/pages/announcement/index?id=demo-ann-03', who: PEOPLE.neighbour, see: '更正', empty: { page: () => 'packages/announcements/pages/announcement/index?id=demo-ann-08' } },
  { name: 'points', page: () => 'packages/points/pages/points/index', who: PEOPLE.saver, see: '积分是怎么来的', empty: { who: newcomer } },
  { name: 'points-table', page: () => 'packages/points/pages/points/index', who: PEOPLE.saver, see: '积分是怎么来的', below: true, act: (phone) => phone.tap('换成表格看') },
  { name: 'points-entry', page: () => 'packages/points/pages/entry/index?seq=1', who: PEOPLE.saver, see: '记账时间', empty: { page: async () => `packages/points/pages/entry/index?seq=${await spent()}` } },
  { name: 'points-card', page: () => 'packages/points/pages/card/index', who: PEOPLE.saver, see: '卡丢了', empty: { who: newcomer } },
  { name: 'points-claim', page: () => 'packages/points/pages/card/index', who: newcomer, see: '领卡码' },
  { name: 'statements', page: () => 'packages/points/pages/statements/index', who: PEOPLE.saver, see: '现在剩', empty: { who: newcomer } },
  { name: 'statement', page: async () => `packages/points/pages/statement/index?month=${await firstMonth()}`, who: PEOPLE.saver, see: '每一笔积分', empty: { page: () => `packages/points/pages/statement/index?month=${thisMonth()}` } },
  { name: 'profile', page: () => 'packages/me/pages/profile/index', who: busy, see: '住在哪里', empty: { who: newcomer } },
  { name: 'subscriptions', page: () => 'packages/me/pages/subscriptions/index', who: busy, see: '各再收 1 次', empty: { who: newcomer } },
  { name: 'topics', page: () => 'packages/me/pages/topics/index', who: busy, see: '夜里不打扰', empty: { who: newcomer } },
  { name: 'tags', page: () => 'packages/me/pages/tags/index', who: busy, see: '街道给您标的', empty: { who: newcomer } },
  { name: 'ahead', page: () => 'packages/me/pages/ahead/index', who: regular, see: '以后不来了', empty: { who: newcomer } },
  { name: 'proxies', page: () => 'packages/me/pages/proxies/index', who: family, see: '帮家人办', empty: { who: newcomer } },
  { name: 'privacy', page: () => 'packages/me/pages/privacy/index', who: busy, see: '注销账户', act: keepFile, whole: '它不向服务器取什么，只有这一种样子' },
]

/** What WeChat asks before a number is given away. */
async function askPrivacy(phone) {
  await phone.view.locator('wx-button', { hasText: '绑定' }).click()
  await phone.see('要用到您的个人信息')
}

async function keepFile(phone) {
  await phone.tap('存成文件')
  await phone.see('已存好')
}

function of(caseNo) {
  return `packages/cases/pages/case/index?case_no=${caseNo}`
}

async function fillAllowance(phone) {
  await phone.view.getByLabel('户口所在社区').locator('textarea, input').first().fill('牧人新村')
  await phone.tap('家里人代办')
}

/** Some pages of the form further on. */
async function forward(phone, pages) {
  for (let page = 0; page < pages; page += 1) {
    const before = await phone.view.locator('[class*="parts"]').getAttribute('aria-label')
    await phone.tap('下一步')
    await phone.view.locator(`[class*="parts"]:not([aria-label="${before}"])`).waitFor()
  }
}

async function check(phone) {
  await forward(phone, 2)
  await phone.view.getByLabel('以上内容属实').click()
}

/** A place to go to, and what that costs. */
async function price(phone) {
  await phone.view.getByLabel('到哪里去，还没有选').click()
  await phone.view.locator('.place').nth(1).click()
  await phone.tap('怎么算的')
}

const ticketOf = (caseNo) => `packages/tickets/pages/ticket/index?case_no=${caseNo}`

/** Somebody who has travelled with the traveller. → their id */
async function companion() {
  const { items: [one] } = await (await elsewhere(PEOPLE.traveller))('GET', '/v1/passengers')
  return one.id
}

/** The month it is in the street. */
const thisMonth = () => new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 7)

/** The last month before this one in which something was bought. */
async function firstMonth() {
  const { items } = await (await elsewhere(PEOPLE.saver))('GET', '/v1/points/months')
  return items.find((one) => !one.running && one.earned_fen).month
}

/** The number of an entry that is no purchase. */
async function spent() {
  const { items } = await (await elsewhere(PEOPLE.saver))('GET', '/v1/points/entries')
  return (items.find((one) => one.payment_id || one.kind === 'expiry') || items[0]).seq
}

/** The newest bill of the payer in this state. */
async function billOf(state) {
  const { items } = await (await elsewhere(PEOPLE.payer))('GET', `/v1/bills?state=${state}`)
  return items[0]
}

const HOME = { 'payee-electricity': ['DL900018', '老房子的电费'], 'payee-telecom': ['DX900018', '家里的宽带'] }

/** @type {Record<string, Promise<string>>} */
const saving = {}

/** An account that the payer has saved, once for all pictures. → its id */
function savedAccount(payee = 'payee-electricity') {
  saving[payee] ||= saveAccount(payee)
  return saving[payee]
}

async function saveAccount(payee) {
  const call = await elsewhere(PEOPLE.payer)
  const { items } = await call('GET', '/v1/bill-accounts')
  const [number, label] = HOME[payee]
  const known = items.find((one) => one.payee.id === payee)
  return known ? known.id : (await call('POST', '/v1/bill-accounts', { payee_id: payee, account_no: number, label, remind_days: 7 })).id
}

/** One whose bills are paid by themselves, with one that will be tomorrow. → its id */
async function agreedTo() {
  const call = await elsewhere(PEOPLE.payer)
  const id = await savedAccount()
  if ((await call('GET', '/v1/auto-pay')).items.some((one) => one.id === id)) return id
  const [account] = HOME['payee-electricity']
  await control('payee-bills', { bill_no: `shot-${account}`, payee: 'payee-electricity', account_no: account, period: thisMonth(), amount_fen: 4630, due: `${new Date().getFullYear() + 1}-01-20` })
  await call('POST', '/v1/bills/lookups', { payee_id: 'payee-electricity', account_no: account })
  const { version } = await call('GET', '/v1/auto-pay/agreement')
  await call('POST', '/v1/auto-pay', { account_id: id, version, agreed: true, most_bill_fen: 10000, most_month_fen: 20000 })
  await until(async () => (await call('GET', `/v1/auto-pay/${id}`)).runs.length, 'a bill of it')
  return id
}

/** A bill whose payment waits for WeChat. → its id */
async function begunBill() {
  const call = await elsewhere(PEOPLE.payer)
  const begun = await billOf('paying')
  if (begun) return begun.id
  const { id } = await billOf('open')
  await call('POST', `/v1/bills/${id}/pay`, { points_fen: 1000 })
  return id
}

async function lookUpBill(phone) {
  await phone.view.getByLabel('电费，东胜供电营业厅（示例）').click()
  await phone.view.getByLabel('户号').locator('input').fill('DL000014')
  await phone.tap('查一查')
  await phone.view.getByLabel('去缴').waitFor()
}

/** A number from a receipt that lies at hand. */
async function lookUp(phone) {
  const call = await elsewhere(applicant)
  const { items } = await call('GET', '/v1/cases?kind=approval')
  await phone.view.getByLabel('办件编号').locator('input').fill(items.find((one) => one.title === '高龄津贴').case_no)
  await phone.view.getByLabel('手机号后四位').locator('input').fill((await call('GET', '/v1/me')).phone.slice(-4))
  await phone.tap('查一查')
  await phone.see('高龄津贴')
}

async function fillForm(phone) {
  await phone.view.locator('wx-textarea textarea').last().fill('家里有小狗，请先敲门')
  await phone.view.locator('[aria-label*="面积"] input').fill('86')
}

/** The phone's clock goes past the end of what is held. */
async function expire(phone) {
  await phone.page.evaluate(() => {
    const real = Date.now
    Date.now = () => real() + 6 * 60 * 1000
  })
  await phone.see('留给您的时间到了')
  await phone.view.locator('wx-view.slot').first().waitFor()
}

async function choosePlan(phone) {
  await phone.tap('周二')
  await phone.tap('周五')
  await phone.view.locator('[role="radio"]').first().click()
}

async function rate(phone) {
  await phone.view.getByRole('radio', { name: '非常满意' }).first().click()
  await phone.tap('准时上门')
  await phone.view.locator('wx-textarea textarea').fill('窗台也擦了，谢谢')
}

async function complain(phone) {
  await phone.view.getByRole('radio').first().click()
  await phone.view.locator('wx-textarea textarea').fill('说好上午来，下午四点才到，也没打电话')
}
