// A street on which something is going on: residents in every situation that the mini-program has a face for.
import assert from 'node:assert/strict'
import { atWork, control, elsewhere, until } from '../tests/e2e/stage.mjs'

const BUSY = 'demo-resident-020'
const OTHERS = ['demo-resident-041', 'demo-resident-042', 'demo-resident-043', 'demo-resident-044', 'demo-resident-045']
const CLEANING = 'svc01'
const VISIT_DAY = 2
const MOVE = { floor_from: 5, floor_to: 3, lift: false, size: 'two_rooms', to_address: '绿苑小区 3-2-501' }
const PRICES = [
  { name: '两室家具搬运', amount_fen: 48000 },
  { name: '五楼无电梯', amount_fen: 10000 },
  { name: '冰箱洗衣机包装', amount_fen: 6000 },
]

/** Who is who: `busy` has everything, `family` may act for them, `new` has nothing, `mover` moves house, `regular` has weekly visits and
 * waits in a line, `saver` has points, `holding` is just booking, `neighbour` lives where the water is turned off, `applicant` applies for this and that, `payer` has bills and points, `rider` is in a car or waits for one, `traveller` goes by train. */
export const PEOPLE = { busy: BUSY, family: 'demo-resident-005', new: 'newcomer', holding: 'demo-resident-031', mover: 'demo-resident-046', regular: 'demo-resident-048', neighbour: 'demo-resident-141', applicant: 'demo-resident-142', saver: 'demo-resident-012', payer: 'demo-resident-001', rider: 'demo-resident-063', traveller: 'demo-resident-143' }

/** picture: a JPEG for what residents photograph. → case numbers by situation */
export async function fill(picture) {
  const [resident, manager] = await Promise.all([elsewhere(BUSY), atWork('demo-provider')])
  const act = async (call, caseNo, ...moves) => {
    for (const [action, fields = {}] of moves) await call('POST', `/v1/cases/${caseNo}/${action}`, fields)
    return caseNo
  }
  const book = async (service, { form, note, late = 0, hold } = {}) => {
    const start = await freeTime(resident, service, late)
    return (await resident('POST', '/v1/bookings', { service_id: service, start, form, note, hold })).case_no
  }
  /** To the first worker who can come. → their id */
  const send = async (caseNo) => {
    await act(manager, caseNo, ['confirm'])
    const { items } = await manager('GET', `/v1/cases/${caseNo}/candidates`)
    const worker = items.find((one) => one.free && !one.reasons.length)
    await act(manager, caseNo, ['assign', { worker_id: worker.id }])
    return worker.id
  }
  const finish = async (caseNo, note) => {
    const worker = await atWork(await send(caseNo))
    const { details } = await resident('GET', `/v1/cases/${caseNo}`)
    return act(worker, caseNo, ['depart'], ['start', { code: details.start_code }], ['finish', { note }])
  }

  const regular = await elsewhere(PEOPLE.regular)
  await regular('POST', '/v1/plans', { service_id: 'svc07', weekdays: [2], time: '10:00', weeks: 8 })
  await waitForFullTime(regular)
  const completed = await finish(await book('svc09', { form: { all_dark: false } }), '换了一个跳闸的开关，插座都试过了')
  await act(resident, completed, ['accept'])
  await resident('POST', `/v1/cases/${completed}/rating`, { stars: 5, text: '师傅讲得很明白，收拾得也干净' })
  const rateable = await finish(await book('svc05', { form: { windows: 6 } }), '六扇窗，里外都擦了')
  await act(resident, rateable, ['accept'])
  const blamed = await finish(await book('svc10', { form: { appliance: 'washer' } }), '换了排水泵')
  await act(resident, blamed, ['accept'])
  const { reasons } = await resident('GET', `/v1/cases/${blamed}/complaint`)
  const complaint = await resident('POST', '/v1/complaints', { case_no: blamed, reason: reasons[0].name, text: '修好两天又漏水了，打电话说要下周才来' })

  const quoted = await book('svc20', { form: MOVE, note: '有一架钢琴，先看看能不能下楼' })
  await act(manager, quoted, ['quote', { items: PRICES, note: '钢琴要四个人抬，已经算在里面' }])
  const done = await finish(await book('svc08', { form: { problem: 'leak' } }), '换了厨房水龙头的阀芯，不漏了')
  const submitted = await book('svc04', { form: { area: 86 }, late: 3 })
  const assigned = await book('svc03')
  await send(assigned)
  await family(resident)

  const onTheWay = await book(CLEANING, { note: '门铃坏了，到了请打电话' })
  const worker = await atWork(await send(onTheWay))
  await talk(resident, manager, onTheWay, picture)
  await act(worker, onTheWay, ['depart'])
  const bundle = await moveHouse()
  const approvals = await applications(picture)
  const tickets = await journeys()
  await remarks()
  return { ...approvals, ...tickets, completed, rateable, blamed, complaint: complaint.case_no, quoted, done, submitted, assigned, onTheWay, bundle }
}

/** Residents comment on that the water is turned off; one is answered. */
async function remarks() {
  const [neighbour, other, clerk] = await Promise.all([elsewhere(PEOPLE.neighbour), elsewhere(PEOPLE.payer), atWork('demo-clerk')])
  const path = '/v1/announcements/demo-ann-03/comments'
  const { id } = await other('POST', path, { text: '几点来水？家里有老人，存的水不够用' })
  await clerk('POST', `/v1/comments/${id}/show`, {})
  await clerk('POST', `/v1/comments/${id}/answer`, { text: '下午五点前来水。要送水的打社区电话登记，当天送到门口' })
  await neighbour('POST', path, { text: '谢谢，我们这栋楼都通知到了' })
}

/** A seat that is held for a few minutes. → its number */
export async function hold() {
  const resident = await elsewhere(PEOPLE.holding)
  const { items } = await resident('GET', '/v1/cases?open=true')
  const before = items.find((one) => one.expires_at)
  if (before) await resident('POST', `/v1/cases/${before.case_no}/cancel`, {})
  const start = await freeTime(resident, CLEANING, 4)
  return (await resident('POST', '/v1/bookings', { service_id: CLEANING, start, hold: true, note: '家里有小狗，请先敲门' })).case_no
}

/** @type {Promise<{ case_no: string, path: string }> | null} */
let riding = null

/** A driver of whom nothing is heard loses the ride, and all pictures take longer than that. */
const HEARD_MS = 5000

/** A ride whose car comes closer, begun once for all pictures. → its number, and the page that family has been given */
export function ride() {
  riding ||= callCar()
  return riding
}

/** A ride for which no car is found yet, as the only one is taken. → its number */
export async function waiting() {
  await ride()
  return (await called(await elsewhere(PEOPLE.holding))).case.case_no
}

/** From their home to another place of the street, if they have not called yet. → the case, and the place that is home */
async function called(call) {
  const [{ household }, { items: all }] = [await call('GET', '/v1/me'), await call('GET', '/v1/places')]
  const home = all.find((one) => one.id === household.compound_id)
  const goal = all.findLast((one) => one.spot && one.id !== home.id)
  const wanted = { pickup: { text: home.name, spot: home.spot, compound_id: home.id }, dropoff: { text: goal.name, spot: goal.spot }, people: 2, helper: true, note: '在小区东门等' }
  const begun = (await call('GET', '/v1/cases?open=true&kind=ride')).items[0]
  return { case: begun ?? (await call('POST', '/v1/rides', wanted)), home }
}

async function callCar() {
  const [call, driver] = [await elsewhere(PEOPLE.rider), await atWork('demo-driver')]
  const stale = (await call('GET', '/v1/cases?open=true&kind=ride')).items.filter((one) => !one.details.driver)
  for (const one of stale) await call('POST', `/v1/cases/${one.case_no}/cancel`, {})
  const { case: { case_no: caseNo, details }, home } = await called(call)
  const near = { lng: home.spot.lng + 0.006, lat: home.spot.lat - 0.003 }
  if (!details.driver) {
    await (await atWork('demo-dispatcher'))('POST', '/v1/drivers/demo-driver/vehicle', { plate: '蒙K12345', model: '轩逸', colour: '白色' })
    await driver('POST', '/v1/driver/duty', { on: true })
    const { id } = await until(async () => {
      await driver('PUT', '/v1/driver/position', { spot: near }).catch(() => {})
      return (await driver('GET', '/v1/ride-offers')).items[0]
    }, 'an offer')
    await driver('POST', `/v1/ride-offers/${id}/accept`, {})
  }
  setInterval(() => driver('PUT', '/v1/driver/position', { spot: near }).catch(() => {}), HEARD_MS).unref()
  const { path } = await call('POST', `/v1/rides/${caseNo}/shares`, {})
  return { case_no: caseNo, path: path.slice(1) }
}

/** The first free time of a day, `late` free times after it. */
async function freeTime(resident, service, late = 0) {
  const { days } = await resident('GET', `/v1/services/${service}/slots`)
  const free = days.slice(VISIT_DAY).map((one) => one.slots.filter((slot) => slot.free)).find((slots) => slots.length > late)
  assert.ok(free, `${service} is full`)
  return free[late].start
}

/** Neighbours take the last seats of a time, and one more waits for it. */
async function waitForFullTime(resident) {
  const service = 'svc13'
  const start = await freeTime(resident, service)
  for (const neighbour of OTHERS) {
    const call = await elsewhere(neighbour)
    try {
      await call('POST', '/v1/bookings', { service_id: service, start, form: { people: 3 } })
    } catch (error) {
      if (error.message.includes('slot_taken')) break
      throw error
    }
  }
  await resident('POST', '/v1/waitlist', { service_id: service, start, form: { people: 2 } })
}

async function family(resident) {
  const { code } = await resident('POST', '/v1/proxies', { scopes: ['bookings', 'approvals'], days: 365, relation: '母亲' })
  await (await elsewhere(PEOPLE.family))('POST', '/v1/proxies/accept', { code })
}

/** Applications at each place where the resident sees something else. → case numbers */
async function applications(picture) {
  const [resident, clerk, reviewer, decider] = await Promise.all([elsewhere(PEOPLE.applicant), atWork('demo-clerk'), atWork('demo-reviewer'), atWork('demo-reviewer-2')])
  const act = (call, caseNo, action, fields = {}) => call('POST', `/v1/cases/${caseNo}/${action}`, fields)
  const paper = async (caseNo, key) => ({ key, files: [(await photo(resident, caseNo, picture)).id] })
  const begin = async (item, form, materials, delivery) => {
    const { case_no: caseNo } = await resident('POST', '/v1/approvals', { item_id: item, form })
    for (const one of materials) await act(resident, caseNo, 'edit', { materials: [await paper(caseNo, one)] })
    await act(resident, caseNo, 'edit', { delivery })
    return caseNo
  }
  /** Handed in, taken up and looked through; `wrong` is the paper that cannot be read. */
  const seen = async (caseNo, wrong = '') => {
    await act(resident, caseNo, 'submit', { truthful: true })
    await act(clerk, caseNo, 'take_up')
    const { details } = await clerk('GET', `/v1/cases/${caseNo}`)
    for (const { key } of details.materials.filter((one) => one.files.length)) {
      await act(clerk, caseNo, 'judge', key === wrong ? { key, verdict: 'unclear', remark: '“本人页”反光，看不清，请在亮处重新拍一张' } : { key, verdict: 'fine' })
    }
    return caseNo
  }
  const allowance = { hukou: '团结社区', applicant: 'self', account: '6217000000000000001', other: false }
  const papers = ['id_card', 'household_book', 'photo', 'bank_card']

  const instant = await seen(await begin('RESIDENCE', { address: '阳光小区 3-2-501', since: 2015, housing: 'own', purpose: '孩子上学' }, ['id_card', 'house_deed'], 'electronic'))
  await act(clerk, instant, 'grant_now')
  const lacking = await seen(await begin('ELDER-ALLOWANCE', allowance, papers, 'electronic'), 'household_book')
  await act(clerk, lacking, 'supplement')
  const shown = await seen(await begin('ELDER-ALLOWANCE', allowance, papers, 'electronic'))
  for (const action of ['accept', 'pass']) await act(clerk, shown, action)
  const ready = await seen(await begin('DISABILITY', { kind: 'new', category: 'limbs', guardian: false }, ['id_card', 'household_book', 'photo', 'assessment'], 'pick_up'))
  for (const action of ['accept', 'pass']) await act(clerk, ready, action)
  await act(clerk, ready, 'report', { visitors: '乌日娜、郝丽娟', report: '下肢行动不便，家中有扶手' })
  await act(reviewer, ready, 'pass')
  await act(reviewer, ready, 'district_answer', { agreed: true, document: '残联〔2026〕18 号' })
  await act(decider, ready, 'grant')
  const handedIn = await begin('PENSION', { level: '500', account: '6217000000000000001', allowance: false }, ['id_card', 'household_book', 'bank_card'], 'electronic')
  await act(resident, handedIn, 'submit', { truthful: true })
  const begun = await begin('ELDER-CARD', { kind: 'new', outside: false }, [], 'pick_up')
  return { instant, lacking, shown, ready, handedIn, begun }
}

/** Orders of tickets: with a price, with tickets, and one of which some is to be given back. → case numbers */
async function journeys() {
  const [traveller, agent] = await Promise.all([elsewhere(PEOPLE.traveller), atWork('demo-dispatcher')])
  const act = (call, caseNo, action, fields = {}) => call('POST', `/v1/cases/${caseNo}/${action}`, fields)
  const people = []
  for (const [name, number, relation] of [['李秀兰', '152701195003087001', '本人'], ['王建国', '152701199003087018', '儿子']]) {
    people.push((await traveller('POST', '/v1/passengers', { name, id_kind: 'id_card', id_no: number, relation })).id)
  }
  const inDays = (days) => new Date(Date.now() + (8 + days * 24) * 3600_000).toISOString().slice(0, 10)
  const departs = `${inDays(9)}T09:05:00+08:00`
  const price = { alternative: 1, depart_at: departs, arrive_at: `${inDays(9)}T11:40:00+08:00`, price_fen: 8650 }
  const ordered = async () => {
    const { case_no: caseNo } = await traveller('POST', '/v1/tickets', {
      mode: 'train', origin: '东胜西', destination: '呼和浩特东', day: inDays(9), alternatives: [{ number: 'D6767', seat_class: 'second', depart_at: departs }, { number: 'K574', seat_class: 'hard_sleeper' }],
      ceiling_fen: 10000, buy_by: `${inDays(1)}T20:00:00+08:00`, party: 'split', passenger_ids: people, contact: { name: '李秀兰', phone: '13800000001' }, delivery: { how: 'window' }, note: '腿脚不好，要靠门的座位',
    })
    await act(agent, caseNo, 'quote', price)
    return caseNo
  }
  const bought = async () => {
    const caseNo = await ordered()
    const { details } = await act(traveller, caseNo, 'authorise', { quote_version: 1 })
    const payment = await traveller('POST', `/v1/bills/${details.bill_id}/pay`, { points_fen: 0 })
    await traveller('GET', `/v1/payments/${payment.id}`)
    await control('pay', { out_trade_no: payment.id })
    await until(async () => (await traveller('GET', `/v1/cases/${caseNo}`)).details.paid_fen, 'the payment at the order')
    const results = people.map((id, at) => ({ passenger_id: id, ok: true, carriage: '05', seat: `${at + 3}F` }))
    await act(agent, caseNo, 'record', { record_no: 'E123456789', results })
    return caseNo
  }
  const [quotedTicket, ticket, givenBack] = [await ordered(), await bought(), await bought()]
  await act(traveller, givenBack, 'ask_refund', { passengers: people })
  return { quotedTicket, ticket, givenBack }
}

async function photo(call, caseNo, picture) {
  const body = new FormData()
  body.append('file', new Blob([picture], { type: 'image/jpeg' }), 'photo.jpg')
  return call('POST', `/v1/cases/${caseNo}/attachments`, body)
}

async function talk(resident, manager, caseNo, picture) {
  const { id } = await photo(resident, caseNo, picture)
  const say = (call, text, attachments = []) => call('POST', `/v1/cases/${caseNo}/messages`, { text, attachments })
  await say(resident, '阳台这扇窗户够不着，能一起擦吗', [id])
  await say(manager, '可以，师傅会带梯子，不另外收费')
}

async function moveHouse() {
  const mover = await elsewhere(PEOPLE.mover)
  const ride = (hours) => (start) => new Date(Date.parse(start) + hours * 3600_000)
  const moving = await freeTime(mover, 'svc20', 2)
  const after = async (service, earliest) => {
    const { days } = await mover('GET', `/v1/services/${service}/slots`)
    return days.flatMap((one) => one.slots).find((slot) => slot.free && Date.parse(slot.start) >= earliest).start
  }
  const opened = await mover('POST', '/v1/bundles', {
    bundle_id: 'moving-house',
    parts: [
      { part: 'moving', service_id: 'svc20', start: moving, form: MOVE },
      { part: 'old-cleaning', service_id: 'svc01', start: await after('svc01', ride(30)(moving)) },
      { part: 'locks', service_id: 'svc11', start: await after('svc11', ride(30)(moving)), form: { locked_out: false } },
    ],
  })
  return opened.case_no
}
