/** What OLX prints in its languages: Polish, Ukrainian, Russian, Bulgarian, Romanian, Portuguese, Kazakh, Uzbek. */
export const words = {
  swap: /zamienię|обмен|обмін|замяна|бартер|\bschimb|\btroca\b|айырбас|almashtir/i,
  free: /za darmo|безкоштовно|бесплатно|даром|безплатно|подарявам|gratuit|gratis|grátis|тегін|bepul|текин/i,
  negotiable: /negocja|договорн|договірн|договаряне|negociabil|negociável|келісім|kelish/i,
  priceOnRequest: /zapytaj o cenę|цена по запросу|ціна за запитом|цена при запитване|la cerere|sob consulta/i,
  /**
   * How the line above ads begins that are not what was searched for. The Polish ones are in the texts that olx.pl's
   * pages bring along; only beginnings count, since "we tell you when similar ads appear" stands there too.
   */
  related:
    /^(znaleźliśmy (też inne|ogłoszenia związane)|nie znaleźliśmy|niczego nie znaleźliśmy|brak wyników|to wszystko, co znaleźliśmy|(ale )?sprawdź (najbardziej|podobne|ogłoszenia w większej)|więcej ogłoszeń w|zobacz inne ogłoszenia|wyświetlane są wyniki dla|мы (также )?нашли (также )?(другие|похожие)|посмотрите (другие|похожие)|ми (також )?знайшли (також )?(інші|схожі)|перегляньте (інші|схожі)|намерихме и други|вижте (други|подобни)|am găsit și|vezi (alte|anunțuri similare)|encontrámos também|veja (outros|anúncios semelhantes))/i,
  nothingFound:
    /nie znaleźliśmy|nie znaleziono|brak wyników|не нашли|ничего не найдено|не знайшли|нічого не знайдено|не открихме|не намерихме|nu am găsit|não encontr[aá]mos/i,
  noLongerThere:
    /nie jest już dostępne|ogłoszenie nieaktualne|больше не доступно|объявление не активно|більше не доступне|оголошення неактивне|(вече не е|не е) (налична|активна|достъпна)|nu mai este (disponibil|activ)|(já|ja) não está disponível|anúncio inativo/i,
} as const;
