/** A page before it is dressed: what `needs-javascript` sends later as JSON, and everybody else at once. */
export interface Page {
  status: number;
  title: string;
  /** Content of <body>. */
  body: string;
}

const siteName = "Harbourside";

const special: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it may stand in HTML, between tags or in an attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => special[character] ?? character);
}

export function listingPath(id: string): string {
  return `/item/${encodeURIComponent(id)}`;
}

export function searchPath(term: string, pageNumber: number): string {
  return `/search?q=${encodeURIComponent(term)}&page=${pageNumber}`;
}

export function picturePath(id: string, number: number): string {
  return `/pictures/${encodeURIComponent(id)}-${number}.svg`;
}

/** Header, content and footer: every page that the shop shows, walls apart. */
export function shopPage(status: number, title: string, content: string, term = ""): Page {
  return {
    status,
    title: `${title} | ${siteName}`,
    body: `<header class="top"><a class="logo" href="/">⚓ ${siteName}</a>
<form class="finder" action="/search"><input name="q" value="${escapeHtml(term)}" placeholder="Search for anything" aria-label="Search"><button>Search</button></form></header>
<main>
${content}
</main>
<footer>${siteName} is a sample marketplace. Nothing here is really for sale.</footer>`,
  };
}

export function htmlDocument(page: Page): string {
  return `${documentHead(page.title)}
<body>
${page.body}
</body>
</html>
`;
}

/** What a site sends that draws its pages in the browser: nothing to read, and a script that fetches the rest. */
export function emptyShell(): string {
  return `${documentHead(siteName)}
<body>
<div id="root"></div>
<noscript>You need to enable JavaScript to run this app.</noscript>
<script src="/shell.js"></script>
</body>
</html>
`;
}

/** A page whose script takes memory until its process has none left. */
export function memoryEater(): string {
  return `${documentHead("Loading …")}
<body><script>const hoard = []; for (;;) hoard.push(new Array(1_000_000).fill(hoard.length + 0.5));</script></body>
</html>
`;
}

export const shellScript = `fetch("/-/content?path=" + encodeURIComponent(location.pathname + location.search))
  .then((response) => response.json())
  .then((page) => {
    document.title = page.title;
    document.body.innerHTML = page.body;
  });
`;

function documentHead(title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/style.css">
</head>`;
}
