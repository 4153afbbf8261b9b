/**
 * To be imported before xterm. The bundler gives the page a `process` with a title, by which xterm takes the page for Node
 * and sees neither a Mac nor Windows: what Option and AltGr type there would be Meta.
 */
if ('document' in globalThis) Reflect.deleteProperty(process, 'title')
