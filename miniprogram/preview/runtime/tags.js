/** The tags that WeChat brings along; each has a component of its own in this preview. */
export const BUILT_IN = new Set([
  'page', 'view', 'text', 'image', 'button', 'input', 'textarea', 'form', 'label', 'icon', 'switch', 'slider', 'progress',
  'picker', 'swiper', 'swiper-item', 'scroll-view', 'checkbox', 'checkbox-group', 'radio', 'radio-group', 'navigator',
  'rich-text', 'map', 'cover-view', 'root-portal', 'page-container',
])
