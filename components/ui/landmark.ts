/**
 * Where menus are put when they float: inside the page's main landmark rather than at the end of the body, since all
 * content belongs to a landmark (axe rule "region"). Nothing before there is a document.
 */
export function mainLandmark(): HTMLElement | null {
  return typeof document === 'undefined' ? null : document.querySelector('main')
}
