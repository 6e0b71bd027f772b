/** The words that listings are made of. */

export interface Category {
  name: string;
  emoji: string;
  /** A search with one of these words is of this category. */
  keywords: RegExp;
  /** Cheapest and dearest usual price, in whole units of any currency. */
  priceRange: readonly [number, number];
  /** What differs between two listings: printed in the title and under "Item specifics". */
  traits: Readonly<Record<string, readonly [string, ...string[]]>>;
}

const otherThings: Category = {
  name: "Collectibles & more",
  emoji: "🧭",
  keywords: /./,
  priceRange: [5, 400],
  traits: {
    Edition: ["First Edition", "Limited Edition", "Anniversary Edition", "Standard Edition", "Lot of 3"],
    Era: ["1970s", "1980s", "1990s", "2000s", "Modern"],
  },
};

export const categories: readonly [Category, ...Category[]] = [
  {
    name: "Laptops & computers",
    emoji: "💻",
    keywords: /thinkpad|laptop|notebook|macbook|latitude|elitebook|computer|pc|server/,
    priceRange: [180, 2400],
    traits: {
      "Screen size": ['14" FHD', '13.3" WQHD', '15.6" FHD', '14" 2.8K OLED', '16" WUXGA'],
      Processor: ["Core i5", "Core i7", "Core Ultra 7", "Ryzen 5", "Ryzen 7 PRO"],
      Memory: ["8 GB RAM", "16 GB RAM", "32 GB RAM", "64 GB RAM"],
      Storage: ["256 GB SSD", "512 GB SSD", "1 TB SSD"],
    },
  },
  {
    name: "Phones & tablets",
    emoji: "📱",
    keywords: /iphone|phone|galaxy|pixel|ipad|tablet|handy/,
    priceRange: [60, 1300],
    traits: {
      Storage: ["64 GB", "128 GB", "256 GB", "512 GB"],
      Colour: ["Midnight", "Silver", "Blue", "Rose Gold", "Graphite"],
      Network: ["Unlocked", "Dual SIM", "eSIM & SIM"],
    },
  },
  {
    name: "Cameras & photo",
    emoji: "📷",
    keywords: /camera|kamera|leica|canon|nikon|sony|lens|objektiv/,
    priceRange: [40, 3200],
    traits: {
      Kit: ["Body Only", "with 18-55mm Lens", "with 50mm f/1.8", "Bundle w/ Case & Strap"],
      "Shutter count": ["under 5,000 clicks", "12,000 clicks", "48,000 clicks"],
    },
  },
  {
    name: "Sport & outdoors",
    emoji: "🚲",
    keywords: /bike|bicycle|rad|rower|tent|ski|shoes|schuhe|kayak|helmet/,
    priceRange: [15, 1800],
    traits: {
      Size: ["Size S", "Size M", "Size L", "Size XL", "54 cm", "58 cm"],
      Colour: ["Black", "Racing Green", "Signal Red", "White/Blue"],
    },
  },
  {
    name: "Home & kitchen",
    emoji: "☕",
    keywords: /coffee|kettle|chair|stuhl|lamp|lampe|desk|sofa|table|kitchen|mixer/,
    priceRange: [9, 900],
    traits: {
      Material: ["Solid Oak", "Stainless Steel", "Walnut & Brass", "Glass", "Cast Iron"],
      Colour: ["Natural", "Black", "Cream", "Petrol"],
    },
  },
  {
    name: "Watches & jewellery",
    emoji: "⌚",
    keywords: /watch|uhr|ring|seiko|omega|rolex|necklace/,
    priceRange: [25, 9500],
    traits: {
      "Case size": ["36 mm", "39 mm", "40 mm", "42 mm"],
      Band: ["Leather Strap", "Steel Bracelet", "NATO Strap"],
      Papers: ["Box & Papers", "Watch Only", "with Original Box"],
    },
  },
  {
    name: "Audio & hi-fi",
    emoji: "🎧",
    keywords: /headphone|speaker|amp|vinyl|turntable|guitar|piano|synth/,
    priceRange: [20, 1500],
    traits: {
      Connection: ["Bluetooth 5.3", "Wired 3.5 mm", "XLR & RCA", "USB-C"],
      Colour: ["Black", "Silver", "Walnut", "Sunburst"],
    },
  },
  otherThings,
];

/** The category of a search; any term has one. */
export function categoryOf(slug: string): Category {
  return categories.find((category) => category.keywords.test(slug)) ?? otherThings;
}

export const conditions = [
  "Brand new",
  "Open box",
  "Refurbished",
  "Used – like new",
  "Used – very good",
  "Used – good",
  "For parts or not working",
] as const;

export const sellers = [
  "harbour_electronics",
  "second-spring",
  "Lena's Attic",
  "nordlicht.store",
  "kasia_i_marek",
  "refurb-hub24",
  "old&gold",
  "tomasz.wro",
  "brightside_trading",
  "the-tinkerer",
  "grandma.keeps.everything",
  "outlet_poznan",
] as const;

export const locations = [
  "Berlin, Germany",
  "Gdańsk, Poland",
  "Kraków, Poland",
  "Hamburg, Germany",
  "Portland, OR, United States",
  "Austin, TX, United States",
  "Lisbon, Portugal",
  "Łódź, Poland",
  "München, Germany",
] as const;

export const remarks = [
  "Well kept, from a home without smokers or pets.",
  "Tested and fully working. Small marks of use, see the pictures.",
  "Bought as a gift and never really used.",
  "We clean, test and pack every piece with care. 30 days to return it.",
  "Sold as seen; please ask before you buy.",
  "Comes with its original box and all accessories.",
] as const;
