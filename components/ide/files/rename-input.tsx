'use client'

import { useLayoutEffect, useRef } from 'react'
import type { ItemInstance } from '@headless-tree/core'
import { nameOf } from '#protocol/paths.ts'
import type { TreeItem } from './use-file-tree.ts'

/** A file's name, asked for in its place. */
export function RenameInput({ item }: { item: ItemInstance<TreeItem> }) {
  const input = useRef<HTMLInputElement>(null)
  const { path, entry } = item.getItemData()
  const isFile = entry?.type !== 'directory'
  useLayoutEffect(() => {
    const name = nameOf(path)
    const dot = isFile ? name.lastIndexOf('.') : -1
    const select = (): void => {
      // What was typed already is not to be typed over.
      if (input.current?.value === name) input.current.setSelectionRange(0, dot > 0 ? dot : name.length)
    }
    // The tree has given it the focus; keys may come at once.
    select()
    // Again after the menu that was chosen from has given the focus back.
    const timer = setTimeout(() => {
      input.current?.focus()
      select()
    })
    return () => clearTimeout(timer)
  }, [isFile, path])
  const { ref: register, ...props } = item.getRenameInputProps()
  return (
    <input
      {...props}
      ref={(element) => {
        input.current = element
        if (typeof register === 'function') register(element)
      }}
      aria-label={`New name of ${path}`}
      spellCheck={false}
      className="h-[22px] min-w-0 grow rounded-sm border border-focus bg-canvas px-1 text-text outline-none"
      onClick={(event) => event.stopPropagation()}
    />
  )
}
