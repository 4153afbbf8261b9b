// Runs before the first paint, so that no page flashes in the wrong theme. A file, so that the content policy stays strict.
;(function () {
  // zod would otherwise try `new Function`, which that policy forbids and the console reports.
  window.__zod_globalConfig = { jitless: true }

  var system = window.matchMedia('(prefers-color-scheme: dark)')
  var contrast = window.matchMedia('(prefers-contrast: more)')
  function stored(key) {
    try {
      return window.localStorage.getItem(key)
    } catch {
      // Storage may be forbidden; what the system says then holds.
      return null
    }
  }
  function apply() {
    var choice = stored('devex.theme')
    var isDark = choice === 'dark' || (choice !== 'light' && system.matches)
    document.documentElement.setAttribute('data-theme', isDark ? 'dark' : 'light')
    var isStrong = stored('devex.highContrast') === 'true' || contrast.matches
    document.documentElement.setAttribute('data-contrast', isStrong ? 'more' : 'normal')
  }
  apply()
  system.addEventListener('change', apply)
  contrast.addEventListener('change', apply)
  // Changed in another tab, or by this page's own settings.
  window.addEventListener('storage', apply)
  window.addEventListener('devex:preferences', apply)
})()
