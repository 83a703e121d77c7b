const request = require('./request')

/** Street, communities and compounds. → PlaceView[] */
async function all() {
  return (await request.get('/v1/places')).items
}

module.exports = { all }
