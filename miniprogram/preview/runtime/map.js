// The map that WeChat draws by itself: no picture of a street here, a grid that stands still on the ground, and what is set upon it
// in the places where a phone would have it.

const TILE = 256
const EDGE = 48
const [MOST_SCALE, LEAST_SCALE] = [18, 3]
const GRID_DEGREES = 0.002

/** Web Mercator in pixels at this scale. */
function projected({ longitude, latitude }, scale) {
  const world = TILE * 2 ** scale
  const sine = Math.sin((latitude * Math.PI) / 180)
  return { x: (longitude / 360 + 0.5) * world, y: (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * world }
}

/** Where the middle is and how close, so that all of these points are seen. */
function around(points, { width, height }) {
  for (let scale = MOST_SCALE; scale > LEAST_SCALE; scale -= 1) {
    const spots = points.map((one) => projected(one, scale))
    const [xs, ys] = [spots.map((one) => one.x), spots.map((one) => one.y)]
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
    if (right - left <= width - 2 * EDGE && bottom - top <= height - 2 * EDGE) return { scale, x: (left + right) / 2, y: (top + bottom) / 2 }
  }
  return { scale: LEAST_SCALE, ...projected(points[0], LEAST_SCALE) }
}

/** dom: of <map>; issue: notes what a phone would not draw; asset: where a picture lies; tap: told the id of a marker. → update(data) */
export function map(dom, { issue, asset, tap }) {
  const ground = dom.appendChild(document.createElement('div'))
  ground.className = 'map-ground'
  return (data) => {
    const size = { width: dom.clientWidth || 300, height: dom.clientHeight || 150 }
    const points = data.includePoints?.length ? data.includePoints : null
    const view = points ? around(points, size) : { scale: data.scale, ...projected(data, data.scale) }
    const place = (one) => {
      const { x, y } = projected(one, view.scale)
      return { x: x - view.x + size.width / 2, y: y - view.y + size.height / 2 }
    }
    const cell = (GRID_DEGREES / 360) * TILE * 2 ** view.scale
    dom.style.backgroundSize = `${cell}px ${cell}px`
    dom.style.backgroundPosition = `${-view.x}px ${-view.y}px`
    ground.replaceChildren(...(data.polyline ?? []).map((one) => line(one, place, size)), ...(data.markers ?? []).map((one) => marker(one, place(one))))
  }

  function marker(one, { x, y }) {
    if (!Number.isInteger(one.id)) issue('warning', `map: the id of a marker is a number, not ${one.id}`)
    if (!one.iconPath) issue('warning', `map: marker ${one.id} has no iconPath`)
    const { x: across, y: down } = one.anchor ?? { x: 0.5, y: 1 }
    const [width, height] = [Number(one.width) || 24, Number(one.height) || 24]
    const pin = document.createElement('div')
    pin.className = 'map-marker'
    Object.assign(pin.dataset, { id: one.id, lng: one.longitude, lat: one.latitude })
    pin.style.cssText = `left:${x - width * across}px;top:${y - height * down}px;width:${width}px;height:${height}px`
    pin.append(Object.assign(document.createElement('img'), { src: asset(one.iconPath ?? ''), alt: '' }))
    if (one.callout?.display === 'ALWAYS') pin.append(Object.assign(document.createElement('span'), { className: 'map-callout', textContent: one.callout.content }))
    pin.addEventListener('click', () => tap(one.id))
    return pin
  }
}

function line({ points, color = '#000', width = 2 }, place, size) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', `0 0 ${size.width} ${size.height}`)
  const path = svg.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'polyline'))
  const told = { points: points.map((one) => Object.values(place(one)).join()).join(' '), fill: 'none', stroke: color, 'stroke-width': width, 'stroke-linejoin': 'round' }
  for (const [name, value] of Object.entries(told)) path.setAttribute(name, value)
  return svg
}
