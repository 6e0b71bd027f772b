/** What shops call the parts of their pages, in class names and ids. Nothing here is of one site. */

/** Parts that stand beside the product: their prices are of other things. */
export const beside =
  /\b(related|recommend\w*|recommendations?|similar|upsell|cross-?sell\w*|also-?(bought|like|viewed)|sponsored|recently|footer|navbar|nav|menu|mini-?(cart|basket)|breadcrumbs?|reviews?-list|comparison|compare-table|accessories|bundle|carousel|swiper|slider|banner|advert\w*|widget)\b/;

/** Names of a price that is crossed out. */
export const struck =
  /\b(strike\w*|struck|line-through|crossed|old-?price|price-?old|was-?price|price-?was|list-?price|price-?list|rrp|uvp|msrp|regular-?price|before|compare-?at|original)\b/;

/** Names of an amount that is no price of the thing. */
export const notThePrice =
  /\b(sav(e|ing|ings)|discount|shipping|delivery|postage|unit-?price|price-?per|per-?unit|ppu|instal+ments?|monthly|finance|points|reward|cash-?back|gift|deposit|used|coupon|voucher|tax|fee)\b/;

export const priceName =
  /price|preis|prijs|\bprix|prezzo|precio|preco|\bcena|\bcijena|\bhinta|\bpris\b|\bamount|\bcost/;
export const currentPriceName =
  /\b(current|sale|final|now|our|ours|selling|special|buying|actual|main|product|offer|deal)\b/;

export const buyWords =
  /add-?\s?to-?\s?(cart|basket|bag|trolley)|addtocart|buy-?\s?now|buybox|buy-button|in den (warenkorb|einkaufswagen)|ajouter au panier|añadir (al|a la) (carrito|cesta)|aggiungi al carrello|do koszyka|do košíka|do košíku|adicionar ao (carrinho|cesto)|in winkelwagen|lisää ostoskoriin|в корзину|купить|купи|장바구니|구매하기|カートに入れる|أضف/i;

/** Labels before an amount that is not what is paid for the thing. */
export const otherLabel =
  /\b(sav(e|ing|ings)|you save|spar|shipping|delivery|versand|livraison|spedizione|env[ií]o|dostawa|deposit|from \d+|per month|monthly)\b/i;
export const listPriceLabel =
  /\b(was|rrp|uvp|msrp|list price|statt|instead of|prix conseill[ée]|prezzo consigliato|anciennement|avant|prima|cena katalogowa|bolo|před)\b\s*:?\s*$/i;

export const outOfStockWords =
  /^\W*(out of stock|sold out|(currently |temporarily )?unavailable|currently out of stock|actuellement indisponible|(temporairement |momentanément )?(indisponible|épuisé|en rupture de stock)|rupture de stock|nicht (verfügbar|lieferbar|auf lager|vorrätig)|derzeit nicht (verfügbar|lieferbar)\S*|ausverkauft|vergriffen|agotado|no disponible|sin existencias|esaurito|non disponibile|esgotado|indisponível|uitverkocht|niet (leverbaar|op voorraad)|niedostępny|produkt niedostępny|brak w magazynie|wyprzedan\w*|vyprodané|vyprodáno|není skladem|нет в наличии|немає в наявності|распродано|품절|판매종료|売り切れ|在庫切れ|loppuunmyyty|slutsåld|udsolgt)\b/i;
export const inStockWords =
  /^\W*((only \d+ left )?in stock|available|auf lager|(sofort )?lieferbar|verfügbar|vorrätig|en stock|disponible|disponibile|em stock|disponível|op voorraad|skladom|skladem|na skladě|dostępny|в наличии|є в наявності)\b/i;
/** An advertisement or an offer that is over. */
export const soldWords =
  /^\W*(sold|verkauft|vendu|vendido|venduto|verkocht|sprzedan[eoay]|продано|prodáno)\W*$/i;
