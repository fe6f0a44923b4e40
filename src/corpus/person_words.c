// The words on which the step `person` bases its decisions: see person_words.h. The lists are sorted and searched
// linearly; names are short and few.
// Uses: the C library only.
#include "corpus/person_words.h"

#include <string.h>
#include <strings.h>

const char ql_person_titles[] =
    " actor actress adm admiral ambassador archbishop astronomer attorney aunt author baron bishop brother "
    "businessman capt captain cardinal cartoonist chancellor chemist chief cmdr co-founder coach col colonel "
    "columnist comedian comic commander commodore composer congressman corporal count critic dame doctor dr "
    "dramatist economist emperor essayist father film-maker former founder gen general golfer gov governor "
    "historian hon humorist inventor journalist judge justice king lady lieutenant lord lt madame maj major "
    "marquis marshal mathematician mayor miss mister mme monsieur mr mrs ms novelist painter philosopher "
    "physicist pianist pitcher playwright poet pope premier pres president prince princess private prof "
    "professor queen rabbi rep representative rev reverend scientist sculptor sec secretary sen senator sgt "
    "sheriff signor singer sir sister songwriter statesman uncle vice-president ";

const char ql_person_naming_titles[] = " dr lady lord saint sir st ";

const char ql_person_openers[] = " attr attributed by from submitted to told ";

const char ql_person_suffixes[] = " ii iii iv jr sr ";

const char ql_person_particles[] =
    " 's 't abu af al ap av bar bat ben bin bint da dal dalla das de degli dei del della delle den der di do dos du "
    "el ibn la las le los ní nic op te ten ter tot umm van vom von y zu zum zur ó ’s ’t "
    "ван да де ден дер ди дю ла ле оглы фон эль του της ";

const char ql_person_prefixes[] =
    " 's 't ad al an ar as ash at az d dal dall dell el es ez l nell o sull ud ul un ur us ";

const char ql_person_joined_prefixes[] = " de di du la le mac mc van ";

const char ql_person_links[] = " e i und ";

const char ql_person_leading_particles[] = " de du la le ";

const char ql_person_strangers[] =
    " ad adapted advertisement advice african agreement almanac american an ancient android annual anonymous "
    "another apologies arabian army article association at attorney award band bandits basic bible blotter blues "
    "book books broadway bros buggles bulletin bureau by calendar cartoon case catalog catalogue chapter "
    "character cheer chief chinese chronicle church circle city clippings club code college columnist comedy "
    "comic comics commercial commission commissioner committee company computer computing conference congress "
    "constitution copyright corp corporation corps council councilman court credo crew culture daily data "
    "department design dictionary dictum digest director documentation door dynamics edition editor editorial "
    "editors elements encyclopedia engineer engineering english enquirer epigrams episode epitaph equation error "
    "examiner example excerpt executive express fable family fans federal fiction film folk for fortune found "
    "foundation french from gang gazette german ghost graffiti greek group guide guidelines handbook hello her "
    "herald his history hollywood horoscope horror house hymn in inc indian inscription institute instruction "
    "instructions international interview introduction inventory irish is it italian its japanese jewish journal "
    "judge lampoon language law laws league lecture legion letter letters library license life limited list "
    "lyrics machine machines magazine magazines management manifesto manual maxim me mechanics medical memo "
    "message military minister monthly mother motto movie museum music my mystery nation national native network "
    "news newsletter newspaper notes observer officer official old on one opera orchestra order our overheard "
    "panel paper paradox party people physics picture play poem police policy popular postulate prayer press "
    "principle principles proc proceedings professor program programmer programming project proverb proverbs "
    "psychology quarterly quote quotes radio reader record recording records reference report reporter republic "
    "research review rhymes robot rule rules russian saying school schoolmaster science scientific scottish "
    "screen sea section seen selling senior sentence sergeant service show sign slogan slogans society software "
    "soldier soldiers some song spanish spokesman staff star state states story strangers student students "
    "studies supreme surgeons system systems talk teacher technical technique technology telephone the theater "
    "theatre their theorem theory this times title to today toolmakers topic traditional trains trek tribune "
    "trivia truth tutorial two union university unix unknown usenet user vermont video voyager week weekly "
    "winning wizard world writer writers you your yours ";

bool ql_person_words_check(const char *list, const char *word)
{
    size_t length = strlen(word);

    length -= length > 0 && word[length - 1] == '.';
    for (const char *entry = list + 1; *entry != '\0' && length > 0;) {
        size_t entry_length = strcspn(entry, " ");
        if (entry_length == length && strncasecmp(entry, word, length) == 0) {
            return true;
        }
        entry += entry_length + 1;
    }
    return false;
}
