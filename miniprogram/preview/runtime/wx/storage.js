/** What a phone keeps: one store for each resident, as each has a phone of their own. */
export function storage({ settings }, api) {
  const key = (name) => `wx.${settings.resident}.${name}`
  const get = (name) => {
    const kept = localStorage.getItem(key(name))
    return kept === null ? '' : JSON.parse(kept)
  }
  const set = (name, value) => localStorage.setItem(key(name), JSON.stringify(value))
  const remove = (name) => localStorage.removeItem(key(name))
  return {
    getStorageSync: get,
    setStorageSync: set,
    removeStorageSync: remove,
    getStorage: api('getStorage', ({ key: name }) => {
      if (localStorage.getItem(key(name)) === null) throw new Error('data not found')
      return { data: get(name) }
    }),
    setStorage: api('setStorage', ({ key: name, data }) => set(name, data)),
    removeStorage: api('removeStorage', ({ key: name }) => remove(name)),
  }
}
