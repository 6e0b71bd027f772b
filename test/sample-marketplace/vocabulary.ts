/** The words that listings are made of. */

export interface Category {
  name: string;
  /** An SVG path on a ground of 48 by 48: no font on a server has to know it. */
  drawing: string;
  /** A search with one of these words is of this category. */
  keywords: RegExp;
  /** Cheapest and dearest usual price, in whole units of any currency. */
  priceRange: readonly [number, number];
  /** What differs between two listings: printed in the title and under "Item specifics". */
  traits: Readonly<Record<string, readonly [string, ...string[]]>>;
}

const otherThings: Category = {
  name: "Collectibles & more",
  drawing: "M24 6a18 18 0 1 0 .01 0M30 18l-4 8-8 4 4-8z",
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
    drawing: "M10 12h28v18H10zM5 35h38",
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
    drawing: "M16 6h16v36H16zM22 38h4",
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
    drawing: "M6 15h9l3-5h12l3 5h9v24H6zM24 19a8 8 0 1 0 .01 0",
    keywords: /camera|kamera|leica|canon|nikon|sony|lens|objektiv/,
    priceRange: [40, 3200],
    traits: {
      Kit: ["Body Only", "with 18-55mm Lens", "with 50mm f/1.8", "Bundle w/ Case & Strap"],
      "Shutter count": ["under 5,000 clicks", "12,000 clicks", "48,000 clicks"],
    },
  },
  {
    name: "Sport & outdoors",
    drawing: "M12 24a8 8 0 1 0 .01 0M36 24a8 8 0 1 0 .01 0M12 32l8-14h12l4 14M20 18l6 14H12M18 14h5",
    keywords: /bike|bicycle|rad|rower|tent|ski|shoes|schuhe|kayak|helmet/,
    priceRange: [15, 1800],
    traits: {
      Size: ["Size S", "Size M", "Size L", "Size XL", "54 cm", "58 cm"],
      Colour: ["Black", "Racing Green", "Signal Red", "White/Blue"],
    },
  },
  {
    name: "Home & kitchen",
    drawing: "M10 16h24v14a8 8 0 0 1-8 8h-8a8 8 0 0 1-8-8zM34 19h4a4 4 0 0 1 0 10h-4M16 6v4M22 6v4M28 6v4",
    keywords: /coffee|kettle|chair|stuhl|lamp|lampe|desk|sofa|table|kitchen|mixer/,
    priceRange: [9, 900],
    traits: {
      Material: ["Solid Oak", "Stainless Steel", "Walnut & Brass", "Glass", "Cast Iron"],
      Colour: ["Natural", "Black", "Cream", "Petrol"],
    },
  },
  {
    name: "Watches & jewellery",
    drawing: "M24 14a10 10 0 1 0 .01 0M18 14l2-10h8l2 10M18 34l2 10h8l2-10M24 19v5l4 2",
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
    drawing: "M8 30v-6a16 16 0 0 1 32 0v6M8 28h6v12H8zM34 28h6v12h-6z",
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
