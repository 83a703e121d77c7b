// A working day of several providers: visits that have somebody, and some that wait for one.
import { atWork, elsewhere } from '../tests/e2e/stage.mjs'

/** The services, by how many of each; the last one of each waits for a worker. */
const WORK = { svc01: 4, svc02: 2, svc03: 3, svc04: 2, svc08: 3 }
const FORMS = { svc04: { area: 90 }, svc08: { problem: 'leak' } }
const FIRST_NEIGHBOUR = 101

/** → { day, waiting: case numbers without a worker, given: those with one } on the day that is `ahead` days from now */
export async function fillDay(ahead = 3) {
  const manager = await atWork('demo-provider')
  const day = new Date(Date.now() + 8 * 3600_000 + ahead * 86_400_000).toISOString().slice(0, 10)
  const found = { day, waiting: [], given: [] }
  let neighbour = FIRST_NEIGHBOUR
  for (const [service, count] of Object.entries(WORK)) {
    for (let number = 0; number < count; number += 1) {
      const resident = await elsewhere(`demo-resident-${neighbour++}`)
      const start = await freeTime(resident, service, day, number * 2)
      if (!start) continue
      const { case_no: caseNo } = await resident('POST', '/v1/bookings', { service_id: service, start, form: FORMS[service] })
      await manager('POST', `/v1/cases/${caseNo}/confirm`, {})
      const given = number < count - 1 && (await send(manager, caseNo))
      found[given ? 'given' : 'waiting'].push(caseNo)
    }
  }
  return found
}

/** To the best worker who can come. → whether there was one */
async function send(manager, caseNo) {
  const { items } = await manager('GET', `/v1/cases/${caseNo}/candidates`)
  const worker = items.find((one) => one.free && !one.reasons.length)
  if (!worker) return false
  await manager('POST', `/v1/cases/${caseNo}/assign`, { worker_id: worker.id })
  return true
}

async function freeTime(resident, service, day, late) {
  const { days } = await resident('GET', `/v1/services/${service}/slots?from=${day}&days=1`)
  const free = days.flatMap((one) => one.slots.filter((slot) => slot.free))
  return free[Math.min(late, free.length - 1)]?.start
}
