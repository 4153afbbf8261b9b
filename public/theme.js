// Runs before the first paint, so that no page flashes in the wrong theme. A file, so that the content policy stays strict.
;(function () {
  // zod would otherwise try `new Function`, which that policy forbids and the console reports.
  window.__zod_globalConfig = { jitless: true }

  var system = window.matchMedia('(prefers-color-scheme: dark)')
  function apply() {
    var choice = null
    try {
      choice = window.localStorage.getItem('devex.theme')
    } catch {
      // Storage may be forbidden; the system's theme then holds.
    }
    var isDark = choice === 'dark' || (choice !== 'light' && system.matches)
    document.documentElement.setAttribute('data-theme', isDark ? 'dark' : 'light')
  }
  apply()
  system.addEventListener('change', apply)
  // Changed in another tab, or by this page's own settings.
  window.addEventListener('storage', apply)
  window.addEventListener('devex:preferences', apply)
})()
