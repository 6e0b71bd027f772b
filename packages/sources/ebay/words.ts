/**
 * What eBay's pages say in the languages of its sites (en, de, fr, es, it, nl, pl, zh). Only where the markup
 * gives no sign of its own.
 */
export const words = {
  /** "0 bids", "1 Gebot", "3 ofertas de subasta", "2 enchères", "1 offerta", "0 biedingen", "5 ofert", "0 次出價" */
  bids: /^([\d.,\s]+?)\s*(?:(?:bids?|gebote?|ofertas? de subasta|pujas?|enchères?|offert[ae]|biedingen|bod|ofert[ay]?)\b|次出[價价])/i,
  bestOffer:
    /best offer|preisvorschlag|offre directe|faire une offre|mejor oferta|proposta d'acquisto|beste bod|bod uitbrengen|najlepsza oferta|oferta najlepsza/i,
  shipping:
    /shipping|delivery|postage|versand|lieferung|livraison|envío|spedizione|verzending|verzendkosten|wysyłk|dostaw|運費|运费/i,
  free: /\bfree\b|kostenlos|gratis|gratuit|darmow|bezpłatn|免/i,
  /** Free returns are no free shipping: "Gratis Rückversand", "Retours gratuits". */
  returns: /return|rück|retour|devoluci|reso\b|restituzion|zwrot/i,
  fewerWords:
    /fewer words|weniger (suchbegriff|wört)|moins de mots|menos palabras|meno parole|minder (zoek)?woorden|mniej(sz\w*)? (liczb\w* )?słów/i,
  placeholder: /^shop on ebay$/i,
  sold: /\bsold\b|verkauft|vendu|vendid[oa]|venduto|verkocht|sprzedan/i,
  ended: /\bended\b|beendet|terminé|finaliz|terminat|scadut|afgelopen|beëindigd|zakończ/i,
  outOfStock:
    /out of stock|\b0 available|nicht vorrätig|ausverkauft|rupture de stock|agotado|esaurito|niedostępn/i,
  noLongerThere:
    /looks like this page is missing|no longer available|nicht mehr verfügbar|n'est plus disponible|ya no está disponible|non è più disponibile/i,
} as const;
