import { createServer } from "node:http";
import { serveLocally } from "./serve-locally.ts";

/** A thing for sale as the site shows it at the moment. */
export interface LivingThing {
  id: string;
  title: string;
  price: string;
  seller: string;
  /** As printed: "In stock", "Sold", "This listing has ended". */
  words: string;
  /** Path of its photo at this site; null: none. */
  photo: string | null;
  /** Does a search show it? */
  isShown: boolean;
  /** Its page answers 404. */
  isRemoved: boolean;
}

export interface LivingSite {
  /** For SAMPLE_BASE_URL. */
  url: string;
  /** Puts a thing up, or changes it. */
  put(id: string, changes: Partial<Omit<LivingThing, "id">>): void;
  /** Serves this at a path. */
  serve(path: string, answer: { status?: number; contentType: string; body: Buffer }): void;
  /** How often each path was asked for. */
  requests: Map<string, number>;
  close(): Promise<void>;
}

/** A site in the sample marketplace's layout, whose one search shows what the test wants, and whose listings come and go. */
export async function startLivingSite(): Promise<LivingSite> {
  const things = new Map<string, LivingThing>();
  const files = new Map<string, { status?: number; contentType: string; body: Buffer }>();
  const requests = new Map<string, number>();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://living");
    requests.set(pathname, (requests.get(pathname) ?? 0) + 1);
    const file = files.get(pathname);
    const thing = things.get(pathname.replace("/item/", ""));
    const html = { "content-type": "text/html; charset=utf-8" };
    if (file !== undefined)
      response.writeHead(file.status ?? 200, { "content-type": file.contentType }).end(file.body);
    else if (pathname === "/search") response.writeHead(200, html).end(searchPage([...things.values()]));
    else if (thing !== undefined && !thing.isRemoved) response.writeHead(200, html).end(listingPage(thing));
    else response.writeHead(404).end();
  });
  const { url, close } = await serveLocally(server);
  return {
    url,
    requests,
    put(id, changes) {
      const before = things.get(id) ?? {
        id,
        title: `Thing ${id}`,
        price: "$10.00",
        seller: "ann",
        words: "In stock",
        photo: null,
        isShown: true,
        isRemoved: false,
      };
      things.set(id, { ...before, ...changes });
    },
    serve(path, answer) {
      files.set(path, answer);
    },
    close,
  };
}

function searchPage(things: readonly LivingThing[]): string {
  const cards = things
    .filter(({ isShown }) => isShown)
    .map(
      (thing) => `<li class="card" data-listing-id="${thing.id}">${pictureOf(thing)}
        <a class="card-title" href="/item/${thing.id}">${thing.title}</a>${offerOf(thing)}</li>`,
    );
  return `<!doctype html><title>Living</title><main><p class="result-count">${cards.length} results</p>
    <ul class="results">${cards.join("\n")}</ul><nav class="pager"></nav></main>`;
}

function listingPage(thing: LivingThing): string {
  return `<!doctype html><title>Living</title><main><article class="listing" data-listing-id="${thing.id}">
    <div class="gallery">${pictureOf(thing)}</div>
    <section class="offer"><h1 class="title">${thing.title}</h1>${offerOf(thing)}
    <p class="availability">${thing.words}</p></section></article></main>`;
}

/** A card says nothing of whether it can still be had, as many sites' cards do. */
function offerOf({ price, seller }: LivingThing): string {
  return `<p class="price">${price}</p><p>Sold by <b class="seller">${seller}</b></p>`;
}

function pictureOf({ photo }: LivingThing): string {
  return photo === null ? "" : `<img class="picture" src="${photo}" alt="">`;
}
