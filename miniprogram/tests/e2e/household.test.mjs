// People who belong together, and what is one's own: family who act for each other, certificates, photos, one's data.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { APP } from '../../preview/build.mjs'
import { atWork, elsewhere, open, until } from './stage.mjs'

const CLEANING = 'svc01'
const BUNDLE = 'new-baby'
const PHOTO = path.join(APP, 'images', 'home-on.png')
const AT_ONCE = 4
const CERTIFICATE = '15270119500101123'

let stage
before(async () => {
  stage = await open()
})
after(() => stage.close())

/** The holder may act for the principal, and nobody else does from an earlier run. → [principal's call, holder's call] */
async function family(principal, holder, relation = '母亲') {
  const [giving, taking] = await Promise.all([elsewhere(principal), elsewhere(holder)])
  for (const { id, can_end } of (await giving('GET', '/v1/proxies')).items) if (can_end) await giving('DELETE', `/v1/proxies/${id}`)
  const { code } = await giving('POST', '/v1/proxies', { scopes: ['bookings'], days: 30, relation })
  await taking('POST', '/v1/proxies/accept', { code })
  return [giving, taking]
}

/** A free time of a service, some days from now. */
async function free(call, service, days = 3) {
  const found = await call('GET', `/v1/services/${service}/slots?days=14`)
  return found.days.slice(days).flatMap((one) => one.slots).find((one) => one.free).start
}

/** Choose the first free time below this title. */
const pick = (phone, part) => phone.view.locator('.card').filter({ hasText: part }).getByRole('radio', { name: '，剩' }).first().click()

describe('household', { concurrency: AT_ONCE }, () => {
  test('a daughter is let in on what her mother chose, for as long, and not a moment longer', async () => {
    const mother = await stage.phone('demo-resident-121', { start: 'packages/me/pages/proxies/index' })
    const { name } = await (await elsewhere('demo-resident-121'))('GET', '/v1/me')
    const hers = await (await elsewhere('demo-resident-122'))('GET', '/v1/me')
    await mother.tap('查看积分')
    await mother.tap('三个月')
    await mother.view.getByLabel('您是家人的什么人').locator('input').fill('母亲')
    await mother.tap('生成邀请码')
    await mother.see('可以替您预约服务、查看积分')
    const code = (await mother.view.locator('.digits').textContent()).trim()

    const daughter = await stage.phone('demo-resident-122', { start: 'packages/me/pages/proxies/index' })
    await daughter.view.getByLabel('邀请码').locator('input').fill(code)
    await daughter.tap('确定')
    await daughter.see(`您替 ${name} 办`)
    await daughter.see('预约服务、查看积分')
    await mother.page.evaluate(() => preview.wx.startPullDownRefresh())
    await mother.see(`${hers.name} 替您办`)
    await mother.view.locator('wx-button', { hasText: /^收回$/ }).first().click()
    await mother.answer('收回')
    await mother.see('已收回')
    await daughter.page.evaluate(() => preview.wx.startPullDownRefresh())
    await daughter.see('已收回')
    await assert.rejects((await elsewhere('demo-resident-122'))('POST', '/v1/bookings', { service_id: CLEANING, start: '2030-01-08T09:00:00+08:00', resident_id: (await (await elsewhere('demo-resident-121'))('GET', '/v1/me')).id }), /not_for_others/)
    for (const phone of [mother, daughter]) {
      await phone.wellBehaved()
      await phone.close()
    }
  })

  test('a son has somebody come to his mother every week', async () => {
    const [mother] = await family('demo-resident-123', 'demo-resident-124')
    const { name } = await mother('GET', '/v1/me')
    const phone = await stage.phone('demo-resident-124', { start: `packages/services/pages/plan/index?id=${CLEANING}` })
    await phone.tap(`母亲 ${name}`)
    await phone.tap('周三')
    await phone.view.getByRole('radio', { name: /^\d\d:\d\d$/ }).or(phone.view.locator('[role="radio"]', { hasText: /^\d\d:\d\d$/ })).first().click()
    await phone.tap('一个月')
    await phone.tap('约定下来')
    await phone.see('以后不来了')
    await phone.see(name)
    const { items } = await mother('GET', '/v1/plans')
    assert.equal(items[0].resident_name, name)
    assert.match(items[0].text, /^每周三 \d\d:\d\d，到 \d+ 年 \d+ 月 \d+ 日$/)
    await phone.see(items[0].text)
    await phone.wellBehaved()
    await phone.close()
  })

  test('a son asks for several things as one for his mother, and she reads who did', async () => {
    const [mother, son] = await family('demo-resident-125', 'demo-resident-126')
    const [{ name }, his] = await Promise.all([mother('GET', '/v1/me'), son('GET', '/v1/me')])
    const phone = await stage.phone('demo-resident-126', { start: `packages/services/pages/bundle/index?id=${BUNDLE}` })
    await phone.tap(`母亲 ${name}`)
    await pick(phone, '帮手')
    const { services } = (await mother('GET', `/v1/bundles/${BUNDLE}`)).parts[0]
    await answered(phone, services[0].fields)
    await phone.tap('一起约')
    await phone.see(`替 ${name} 办的`)
    const { items } = await mother('GET', '/v1/cases?kind=bundle')
    const hers = await stage.phone('demo-resident-125', { start: `packages/cases/pages/case/index?case_no=${items[0].case_no}` })
    await hers.see(`由 ${his.name} 代您办的`)
    for (const one of [phone, hers]) {
      await one.wellBehaved()
      await one.close()
    }
  })

  test('of several things one that the provider will not do is booked anew on the phone', async () => {
    const resident = 'demo-resident-127'
    const [call, manager] = [await elsewhere(resident), await atWork('demo-provider')]
    const opened = await call('POST', '/v1/bundles', {
      bundle_id: 'moving-house', if_part_fails: 'keep',
      parts: [
        { part: 'new-cleaning', service_id: CLEANING, start: await free(call, CLEANING) },
        { part: 'moving', service_id: 'svc20', start: await free(call, 'svc20', 8), form: { floor_from: 5, floor_to: 3, lift: false, size: 'two_rooms', to_address: '绿苑小区 3-2-501' } },
      ],
    })
    const [before_] = opened.details.parts
    await manager('POST', `/v1/cases/${before_.case_no}/reject`, { reason: '那天没有人手' })
    const phone = await stage.phone(resident, { start: `packages/cases/pages/case/index?case_no=${opened.case_no}` })
    const seen = () => call('GET', `/v1/cases/${opened.case_no}`)
    await until(async () => (await seen()).details.parts[0].failed, 'the whole knows of its part')
    await phone.page.evaluate(() => preview.wx.startPullDownRefresh())
    await phone.tap('重新约这一件')
    await phone.tap('深度保洁 4 小时')
    await phone.view.locator('[aria-label*="面积"] input').fill('86')
    await phone.tap('后天')
    await phone.view.getByRole('radio', { name: '，剩' }).first().click()
    await phone.tap('确定重新约这一件')
    await phone.see('一共办这几件')
    const { details } = await seen()
    assert.ok(!details.parts[0].failed && details.parts[0].case_no !== before_.case_no)
    assert.deepEqual(details.parts[0].former, [before_.case_no])
    await phone.wellBehaved()
    await phone.close()
  })

  test('what the window has seen of a certificate stands in the profile until its owner takes it out', async () => {
    const resident = 'demo-resident-128'
    const [call, operator] = [await elsewhere(resident), await atWork('demo-operator')]
    const { id } = await call('GET', '/v1/me')
    await operator('PUT', `/v1/residents/${id}/disability`, { number: `${CERTIFICATE}X42`, level: 2, valid_until: '2035-03-01' })
    const phone = await stage.phone(resident, { start: 'packages/me/pages/profile/index' })
    await phone.see('二级，有效期到 2035 年 3 月 1 日')
    await phone.tap('删掉这条登记')
    await phone.answer('删掉')
    await phone.view.getByText('残疾人证').waitFor({ state: 'detached' })
    assert.equal((await call('GET', '/v1/me')).disability, null)
    await phone.wellBehaved()
    await phone.close()
  })

  test('no photo is chosen before privacy is agreed to, and refusing costs nothing but the photo', async () => {
    const resident = 'demo-resident-129'
    const call = await elsewhere(resident)
    const booked = await call('POST', '/v1/bookings', { service_id: CLEANING, start: await free(call, CLEANING, 5) })
    const phone = await stage.phone(resident, { start: `packages/cases/pages/case/index?case_no=${booked.case_no}` })
    const albums = []
    phone.page.on('filechooser', (album) => albums.push(album))
    await phone.view.getByLabel('加照片').click()
    await phone.see('要用到您的个人信息')
    await phone.view.locator('wx-button', { hasText: '不同意' }).click()
    await phone.view.getByText('要用到您的个人信息').waitFor({ state: 'hidden' })
    assert.deepEqual(albums, [])
    await phone.view.getByLabel('要说的话').locator('textarea').fill('没有照片也能说')
    await phone.tap('发送')
    await phone.see('我 · ')

    await phone.view.getByLabel('加照片').click()
    const [album] = await Promise.all([phone.page.waitForEvent('filechooser'), phone.view.locator('wx-button', { hasText: /^同意$/ }).click()])
    await album.setFiles(PHOTO)
    await phone.view.getByLabel('要发的照片').waitFor()
    await phone.wellBehaved()
    await phone.close()
  })

  test('my data leave the phone as one file', async () => {
    const resident = 'demo-resident-130'
    const { name } = await (await elsewhere(resident))('GET', '/v1/me')
    const phone = await stage.phone(resident, { start: 'packages/me/pages/privacy/index' })
    await phone.tap('存成文件')
    await phone.see('已存好')
    const [file] = await Promise.all([phone.page.waitForEvent('download'), phone.tap('发到微信聊天里')])
    assert.match(file.suggestedFilename(), /^我的数据-\d{4}-\d\d-\d\d\.json$/)
    assert.ok(fs.readFileSync(await file.path(), 'utf8').includes(name))
    await phone.wellBehaved()
    await phone.close()
  })

  test('a newcomer is led to say where they live, and is greeted there', async () => {
    const phone = await stage.phone(`newcomer-${Date.now()}`)
    await phone.tap('填一下您住的小区')
    await phone.view.getByLabel('姓名', { exact: true }).locator('input').fill('赵新来')
    await phone.view.getByLabel('社区', { exact: true }).locator('select').selectOption({ index: 1 })
    await phone.view.getByLabel('小区', { exact: true }).locator('select').selectOption({ index: 1 })
    await phone.tap('保存')
    await phone.see('赵新来，')
    assert.ok((await phone.view.locator('.where').textContent()).trim())
    await phone.wellBehaved()
    await phone.close()
  })
})

/** What a service asks, answered somehow. @param {any[]} fields */
async function answered(phone, fields) {
  for (const field of fields.filter((one) => one.required)) {
    if (field.type === 'choice') await phone.tap(field.options[0].text)
    else if (field.type === 'yes_no') await phone.view.getByRole('radiogroup', { name: field.label }).getByText('是', { exact: true }).click()
    else await phone.view.getByLabel(field.label).locator('input, textarea').first().fill(field.type === 'number' ? String(field.min ?? 1) : '没有')
  }
}
