const places = require('../../services/places')

/** Where somebody lives: `value` { compound_id, room }. Event `change` with the same. */
Component({
  properties: { value: { type: Object, value: null } },
  data: { all: [], communities: [], compounds: [], communityIndex: -1, compoundIndex: -1, room: '' },
  lifetimes: {
    async attached() {
      const all = await places.all().catch(() => [])
      this.setData({ all, communities: all.filter((one) => one.kind === 'community') })
      this.draw()
    },
  },
  observers: {
    value() {
      this.draw()
    },
  },
  methods: {
    draw() {
      const { all, communities, value } = this.data
      const room = (value && value.room) || ''
      const compound = all.find((one) => value && one.id === value.compound_id)
      if (!compound) {
        this.setData({ room })
        return
      }
      const compounds = all.filter((one) => one.parent_id === compound.parent_id)
      this.setData({
        room,
        compounds,
        communityIndex: communities.findIndex((one) => one.id === compound.parent_id),
        compoundIndex: compounds.indexOf(compound),
      })
    },

    /** @param {WechatMiniprogram.PickerChange} event */
    chooseCommunity(event) {
      const communityIndex = Number(event.detail.value)
      const community = this.data.communities[communityIndex]
      const compounds = this.data.all.filter((one) => one.parent_id === community.id)
      this.setData({ communityIndex, compounds, compoundIndex: -1 })
    },

    /** @param {WechatMiniprogram.PickerChange} event */
    chooseCompound(event) {
      const compoundIndex = Number(event.detail.value)
      this.setData({ compoundIndex })
      this.tell()
    },

    /** @param {WechatMiniprogram.Input} event */
    typeRoom(event) {
      this.setData({ room: event.detail.value })
      this.tell()
    },

    tell() {
      const compound = this.data.compounds[this.data.compoundIndex]
      if (compound) this.triggerEvent('change', { value: { compound_id: compound.id, room: this.data.room } })
    },
  },
})
