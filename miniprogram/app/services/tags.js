const request = require('./request')

/** What I can choose and what the street has put on me. → MyTagsView */
const mine = () => request.get('/v1/me/tags')

/** I want to hear of this. → MyTagsView @param {string} id */
const choose = (id) => request.write(`/v1/me/tags/${id}`, {}, 'PUT')

/** Take it off me, whoever put it. → MyTagsView @param {string} id */
const drop = (id) => request.write(`/v1/me/tags/${id}`, {}, 'DELETE')

module.exports = { choose, drop, mine }
