'use client'

import { useState } from 'react'
import Image from 'next/image'

const WIDTH_PX = 1280
const HEIGHT_PX = 800
const THEMES = [
  { src: '/screenshot-light.png', className: 'dark:hidden' },
  { src: '/screenshot-dark.png', className: 'hidden dark:block' },
] as const

/** The product as it is, in the theme of the page. Nothing where the picture is missing. */
export function ProductPicture() {
  const [isMissing, setIsMissing] = useState(false)
  if (isMissing) return null
  return (
    <div className="mb-12 overflow-hidden rounded-lg border border-line bg-panel shadow-float">
      {THEMES.map(({ src, className }) => (
        <Image
          key={src}
          src={src}
          width={WIDTH_PX}
          height={HEIGHT_PX}
          loading="lazy"
          alt="The workbench: what an agent changed, editor, terminals and a live preview side by side"
          className={`h-auto w-full ${className}`}
          onError={() => setIsMissing(true)}
          ref={(image) => {
            // It may have failed before this component was alive.
            if (image?.complete === true && image.naturalWidth === 0 && image.currentSrc !== '') setIsMissing(true)
          }}
        />
      ))}
    </div>
  )
}
