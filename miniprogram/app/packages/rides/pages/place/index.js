const me = require('../../../../services/me')
const places = require('../../../../services/places')
const rides = require('../../../../services/rides')
const { loads } = require('../../../../utils/loading')
const asking = require('../../asking')
const { iconOf } = require('../../drawing')

const TITLES = { from: '从哪里上车', to: '到哪里去' }

/** Where to get in or out: home, what was chosen before, what everybody knows, or a point on the map; it opens without what everybody knows, too. */
Page({
  ...loads,
  which: /** @type {'from' | 'to'} */ ('to'),
  groups: /** @type {any[]} */ ([]),

  data: { state: 'loading', error: '', word: '', shown: /** @type {any[]} */ ([]), problem: '' },

  /** @param {{ which: 'from' | 'to' }} query */
  onLoad({ which }) {
    this.which = which === 'from' ? 'from' : 'to'
    wx.setNavigationBarTitle({ title: TITLES[this.which] })
    this.load()
  },

  async fetch() {
    const [who, all, known] = await Promise.all([me.get(), places.all(), rides.landmarks().catch(() => [])])
    const compounds = all.filter((/** @type {any} */ one) => one.kind === 'compound' && one.spot)
    const home = compounds.filter((/** @type {any} */ one) => who.household && one.id === who.household.compound_id)
    this.groups = [
      { title: '', items: home.map((/** @type {any} */ one) => ({ ...stopOf(one), icon: 'house', hint: '我家' })) },
      { title: '最近去过', items: rides.recent().map((one) => ({ ...one, icon: 'history', hint: '' })) },
      { title: '常去的地方', items: known.filter((/** @type {any} */ one) => one.spot).map((/** @type {any} */ one) => ({ text: one.name, spot: one.spot, icon: iconOf(one.kind), hint: one.kind_text || '' })) },
      { title: '小区', items: compounds.map((/** @type {any} */ one) => ({ ...stopOf(one), icon: 'building-2', hint: '' })) },
    ]
    this.setData({ state: 'ready' })
    this.draw('')
  },

  /** Those whose name has the word in it. @param {string} word */
  draw(word) {
    const fits = (/** @type {any} */ one) => one.text.includes(word.trim()) || one.hint.includes(word.trim())
    const shown = this.groups.map((group, at) => ({ key: at, title: group.title, items: group.items.filter(fits).map((/** @type {any} */ one, /** @type {number} */ index) => ({ ...one, key: `${at}.${index}.${one.text}` })) }))
    this.setData({ word, shown: shown.filter((group) => group.items.length) })
  },

  /** @param {WechatMiniprogram.Input} event */
  type(event) {
    this.draw(event.detail.value)
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  choose(event) {
    const { group, index } = event.currentTarget.dataset
    const { text, spot, compound_id: compound } = this.data.shown[group].items[index]
    this.take({ text, spot, compound_id: compound })
  },

  /** Who closes the map has chosen nothing; who allows no map can choose from the list. */
  async openMap() {
    try {
      const { name, address, latitude, longitude } = await wx.chooseLocation({})
      if (name || address) this.take({ text: (name || address).slice(0, 100), spot: { lng: longitude, lat: latitude } })
    } catch (error) {
      if (!String(error.errMsg).includes('cancel')) this.setData({ problem: '地图没有打开，请从下面选，或者再试一次' })
    }
  },

  /** @param {import('../../../../services/rides').Stop} stop */
  take(stop) {
    asking.keep({ [this.which]: stop })
    wx.navigateBack({ fail: () => wx.redirectTo({ url: '/packages/rides/pages/order/index' }) })
  },
})

/** @param {any} place */
const stopOf = (place) => ({ text: place.name, spot: place.spot, compound_id: place.id })
