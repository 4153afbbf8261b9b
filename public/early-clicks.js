// A page is there before its code is, and a click until then would be lost. The last one is kept, and done once the page
// is usable. From the moment React has the document it takes clicks itself, and marks the document as its own.
;(function () {
  var clicked
  function isReactsOwn() {
    return Object.keys(document).some(function (key) {
      return key.startsWith('_reactListening')
    })
  }
  function keep(event) {
    // A click that React takes says that the one before is not waited for any more.
    clicked = !isReactsOwn() && event.target instanceof Element ? event.target.closest('button') : null
  }
  document.addEventListener('click', keep, true)
  window.addEventListener(
    'devex:usable',
    function () {
      document.removeEventListener('click', keep, true)
      if (clicked && clicked.isConnected) clicked.click()
    },
    { once: true },
  )
})()
