// Where people of this street go, so that most of them need not write; anything else can be written, too.

const TRAIN = ['东胜西', '鄂尔多斯', '呼和浩特东', '包头', '北京北', '银川', '西安', '太原南', '榆林']
const PLANE = ['鄂尔多斯', '北京首都', '北京大兴', '上海虹桥', '西安咸阳', '广州', '成都天府', '海口', '沈阳']

/** @type {Record<string, string[]>} */
const STATIONS = { train: TRAIN, plane: PLANE }

/** Where a trip begins, when nothing else is said. @type {Record<string, string>} */
const HOME = { train: '东胜西', plane: '鄂尔多斯' }

module.exports = { HOME, STATIONS }
