/** Where the server is, by the program's own version: set `trial` and `release` to your domain before uploading. */
const BASE = {
  develop: 'http://127.0.0.1:8000',
  trial: 'https://trial.hoelun.example.cn',
  release: 'https://www.hoelun.example.cn',
}

module.exports = { BASE }
