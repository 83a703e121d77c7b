const request = require('./request')

/** Street, communities and compounds. → PlaceView[] */
async function all() {
  return (await request.get('/v1/places')).items
}

/**
 * Where somebody lives, in words; empty where they have not said so, or where the street knows no such place any more.
 * @param {{ compound_id: string, room: string } | null} household @param {any[]} places
 */
function home(household, places) {
  const compound = household && places.find((one) => one.id === household.compound_id)
  return { compound: compound ? compound.name : '', text: compound ? `${compound.name} ${/** @type {any} */ (household).room}`.trim() : '' }
}

module.exports = { all, home }
