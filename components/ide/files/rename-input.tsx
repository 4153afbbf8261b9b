'use client'

import { useEffect, useRef } from 'react'
import type { ItemInstance } from '@headless-tree/core'
import type { TreeItem } from './use-file-tree.ts'

/** A file's name, asked for in its place. */
export function RenameInput({ item }: { item: ItemInstance<TreeItem> }) {
  const input = useRef<HTMLInputElement>(null)
  const { path, entry } = item.getItemData()
  const isFile = entry?.type !== 'directory'
  useEffect(() => {
    // After the menu that was chosen from has given the focus back.
    const timer = setTimeout(() => {
      const field = input.current
      const dot = isFile ? (field?.value.lastIndexOf('.') ?? -1) : -1
      field?.focus()
      field?.setSelectionRange(0, dot > 0 ? dot : field.value.length)
    })
    return () => clearTimeout(timer)
  }, [isFile])
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
