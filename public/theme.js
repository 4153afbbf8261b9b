// Runs before the first paint, so that no page flashes in the wrong theme. A file, not inline: the content policy stays strict.
;(function () {
  var system = window.matchMedia('(prefers-color-scheme: dark)')
  function apply() {
    var choice = null
    try {
      choice = window.localStorage.getItem('devex.theme')
    } catch (error) {
      // Storage may be forbidden; the system's theme then holds.
    }
    var isDark = choice === 'dark' || (choice !== 'light' && system.matches)
    document.documentElement.setAttribute('data-theme', isDark ? 'dark' : 'light')
  }
  apply()
  system.addEventListener('change', apply)
  // Another tab, or the settings page of this one (which dispatches the event itself).
  window.addEventListener('storage', apply)
  window.addEventListener('devex:theme', apply)
})()
