/** The sandbox that plays WeChat: `platform` calls it, `online` throws when this phone has no network. */
export function platformOf(settings) {
  const platform = async (path, body) => {
    const reply = await fetch(`${settings.sandbox}${path}`, {
      method: body ? 'POST' : 'GET', headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body),
    })
    if (!reply.ok) throw new Error(`sandbox ${reply.status}: ${await reply.text()}`)
    return reply.json()
  }
  const online = () => {
    if (settings.network === 'cut') throw new Error('net::ERR_INTERNET_DISCONNECTED')
  }
  return { online, platform }
}
