const request = require('./request')

/** What I am told of, and when it is quiet. → TopicsView */
const get = () => request.get('/v1/topics')

module.exports = { get }
