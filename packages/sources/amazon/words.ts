/** What Amazon's pages say in the languages of its shops, only where the markup gives no sign of its own. */
export const words = {
  nothingFound:
    /\bno results for\b|did not match any products|keine ergebnisse für|aucun résultat pour|no hay resultados para|no se han encontrado resultados|nessun risultato per|geen resultaten voor|brak wyników dla|inga resultat för|nenhum resultado para|için sonuç bulunamadı|に一致する商品はありませんでした|の検索に一致する商品/i,
  unavailable:
    /currently unavailable|temporarily out of stock|out of stock|nicht verfügbar|nicht auf lager|actuellement indisponible|temporairement en rupture|no disponible|non disponibile|niet (op voorraad|beschikbaar)|niedostępny|slutsåld|inte tillgänglig|indisponível|şu anda mevcut değil|在庫切れ|お取り扱いできません/i,
  preOrder: /pre-?order|vorbestell|précommand|preordin|reserva|förhandsbeställ|予約/i,
  pageMissing:
    /page not found|seite (wurde )?nicht gefunden|page introuvable|página no encontrada|pagina non trovata|pagina niet gevonden|nie znaleziono strony|sidan hittades inte|ページが見つかりません/i,
} as const;
