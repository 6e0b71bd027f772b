import { hashOf } from "../chance.ts";
import { type Category, categoryOf } from "../vocabulary.ts";

/** A drawn stand-in for a photo: the category's outline on a colour of the picture's own. */
export function picture(name: string): string {
  const hue = hashOf(0, name) % 360;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 72"><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="hsl(${hue} 45% 88%)"/><stop offset="1" stop-color="hsl(${(hue + 40) % 360} 40% 74%)"/></linearGradient></defs><rect width="96" height="72" fill="url(#g)"/><path transform="translate(24 12)" d="${categoryOf(name).drawing}" ${outline} stroke="hsl(${hue} 30% 30%)"/></svg>`;
}

export function categoryIcon({ drawing }: Category): string {
  return `<svg class="icon" viewBox="0 0 48 48"><path d="${drawing}" ${outline} stroke="currentColor"/></svg>`;
}

const outline = 'fill="none" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"';

export const favicon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><text y="26" font-size="26">⚓</text></svg>';

export const styleSheet = `:root{color-scheme:light;--ink:#1d2b36;--quiet:#5c6b76;--line:#dfe5e9;--brand:#0b6e75;--paper:#fbfaf7}
*{box-sizing:border-box}body{margin:0;font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
a{color:inherit}p{margin:.25em 0}.top{display:flex;gap:2em;align-items:center;padding:.9em 4vw;background:#fff;border-bottom:1px solid var(--line)}
.logo{font-weight:700;font-size:1.3em;color:var(--brand);text-decoration:none}.finder{display:flex;flex:1;max-width:42em}
.finder input{flex:1;padding:.6em 1em;border:1px solid var(--line);border-radius:2em 0 0 2em;font:inherit}
button{padding:.6em 1.3em;border:0;border-radius:2em;background:var(--brand);color:#fff;font:inherit;cursor:pointer}.finder button{border-radius:0 2em 2em 0}
button:disabled{background:#9db0b5;cursor:default}main{padding:1.5em 4vw;max-width:86em;margin:auto}h1{font-size:1.35em;font-weight:600}
.results{display:grid;grid-template-columns:repeat(auto-fill,minmax(13em,1fr));gap:1em;padding:0;list-style:none}
.card{background:#fff;border:1px solid var(--line);border-radius:.8em;padding:.8em;position:relative}.card .picture{width:100%;border-radius:.5em}
.card-title{display:block;margin:.4em 0;font-weight:600;text-decoration:none}.card-title:hover{text-decoration:underline}
.price{font-size:1.2em;font-weight:700}.list-price,.condition,.shipping,.seller,.bids{color:var(--quiet);font-size:.92em}
.badge{position:absolute;top:1.2em;left:1.2em;background:#fff;border-radius:1em;padding:.1em .7em;font-size:.8em}
.availability{font-size:.85em;color:#2c7a4b}.availability.sold,.availability.ended,.availability.out-of-stock{color:#b3402a;font-weight:600}
.house-ad{background:#e6f1f1}.fewer-words{grid-column:1/-1;padding:1em 0;border-top:1px solid var(--line);color:var(--quiet)}
.pager{display:flex;gap:1.5em;justify-content:center;padding:1.5em}.listing{display:grid;grid-template-columns:1.2fr 1fr;gap:2em}
.gallery .picture{width:100%;border-radius:.8em;margin-bottom:.6em}.gallery .picture:not(:first-child){width:23%;margin-right:1%}
.offer .price{font-size:1.9em}.about{grid-column:1/-1}.specifics{display:grid;grid-template-columns:10em 1fr;gap:.3em 1em}.specifics dt{color:var(--quiet)}.specifics dd{margin:0}
.hero{text-align:center;padding:3em 0}.hero h1{font-size:2.2em}.chip{display:inline-block;padding:.4em 1em;border:1px solid var(--line);border-radius:2em;background:#fff;text-decoration:none}
.categories{display:grid;grid-template-columns:repeat(auto-fill,minmax(11em,1fr));gap:1em;padding:0;list-style:none;text-align:center}.categories li{background:#fff;border-radius:.8em;padding:1.2em}.icon{display:block;width:3em;margin:0 auto .5em;color:var(--brand)}
.quote [data-qa-id=symbol-last-value]{font-size:2.4em;font-weight:700}footer{padding:2em;text-align:center;color:var(--quiet)}
@media(max-width:50em){.listing{grid-template-columns:1fr}.top{flex-wrap:wrap;gap:.6em}}
`;
