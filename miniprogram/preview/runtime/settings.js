// What the panel beside the phone sets: who holds it, what the network does, how the subscription popup is answered.

const KEPT = 'preview.settings'
const DEFAULTS = {
  resident: 'demo-resident-001', network: 'normal', sockets: 'open', subscriptions: 'ask', phone: '13947700001',
  location: { name: '铁西公园（示例）', address: '东胜区铁西路', latitude: 39.8172, longitude: 109.9716 },
}

/** origins: { from: what the mini-program's config says, to: where it is here }; sandbox: its address; assets: a folder. */
export function createSettings({ origins, sandbox, assets }) {
  const listeners = []
  let losses = 0
  const values = { ...DEFAULTS, ...JSON.parse(sessionStorage.getItem(KEPT) ?? '{}') }
  const settings = {
    sandbox,
    clipboard: '',
    /** What was last sent to a friend: { title, path }. */
    shared: null,
    listen: (tell) => listeners.push(tell),
    set(name, value) {
      values[name] = value
      sessionStorage.setItem(KEPT, JSON.stringify(values))
      listeners.forEach((tell) => tell(name))
    },
    /** The next `count` answers are lost on their way back, though the server has done what was asked. */
    loseAnswers: (count) => {
      losses = count
    },
    takeLoss() {
      if (losses < 1) return false
      losses -= 1
      return true
    },
    address(url) {
      const origin = origins.find(({ from }) => url.startsWith(from))
      return origin ? origin.to + url.slice(origin.from.length) : url
    },
    asset: (source) => (/^(https?:|data:|blob:)/.test(source) ? settings.address(source) : `${assets}${source}`),
  }
  for (const name of Object.keys(DEFAULTS)) {
    Object.defineProperty(settings, name, { get: () => values[name], set: (value) => settings.set(name, value), enumerable: true })
  }
  return settings
}
