// A form that is sent up while it is filled in, so that nothing is lost with the phone.

const LULL_MS = 800

/**
 * What is noted is sent after a lull, one sending after the other; what was noted meanwhile goes with the next, the last word
 * of each name. A sending that failed is in the next one again.
 * @param {(changes: Record<string, any>) => Promise<void>} send
 * @param {(trouble: any) => void} fail
 */
function saver(send, fail) {
  /** @type {Record<string, any>} */
  let waiting = {}
  /** @type {Promise<void> | null} */
  let running = null
  let timer = 0

  async function drain() {
    while (Object.keys(waiting).length) {
      const changes = waiting
      waiting = {}
      try {
        await send(changes)
      } catch (error) {
        waiting = { ...changes, ...waiting }
        throw error
      }
    }
  }

  /** Everything that is noted by now, at once. Rejects when it cannot be sent. */
  function flush() {
    clearTimeout(timer)
    running = running || drain().finally(() => {
      running = null
    })
    return running
  }

  /** @param {Record<string, any>} changes */
  function note(changes) {
    waiting = { ...waiting, ...changes }
    clearTimeout(timer)
    timer = setTimeout(() => flush().catch(fail), LULL_MS)
  }

  /** Whether something was not sent yet. */
  const waits = () => Object.keys(waiting).length > 0

  return { flush, note, waits }
}

module.exports = { saver }
