#!/bin/bash
# tools/recipes/english and tools/recipes/essays on small dictionaries, fortunes, a corpus, and a book written by hand:
# each of the five readers takes what it should, and nothing that overlaps with the held-out texts or has other symbols stays.
# Arguments: the tool, the root of the sources. Uses: coreutils, gzip.
set -eu

tool=$1
sources=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir corpus dictd fortunes brown book

cat > corpus/quotes.txt <<'END'
A quotation of the demo, with "marks", 'single' ones; and more: is it (really) one? Yes.
ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz -- 0123456789!
END
echo 'Held out from this training, word by word.' > corpus/quotes.validation.txt
echo 'No text may have this long sentence in it.' > corpus/quotes.test.txt

gzip > dictd/gcide.dict.dz <<'END'
Affect \Af*fect"\, v. t. [imp. & p. p. {Affected}.]
   1. To act upon; to produce an effect or change upon.
      [1913 Webster]

            As might affect the earth with cold heat. --Milton.
      [1913 Webster]

            A consideration of the rationale . . . of our
            passions seems to me very necessary.
                                                  --Burke.
      [1913 Webster]

            This proud man affects imperial ?way. --Dryden.

            Nobody has signed this sentence of the dictionary.

            You see, no text may have this long sentence in it. --Test.
END
gzip > dictd/wn.dict.dz <<'END'
ambo
    n 1: a platform; "the preacher went up to the ambo and began to
         speak"; "a short phrase"
    2: another; "He is wrong about that"; "costs 5 $ at the market, or so they say at home"
END
printf '%s\n' 'First sentence of a fortune. And the' 'second one of it? "Yes."' '		-- Somebody' '%' \
    'Held out from this training, word by word.' '%' > fortunes/wisdom
printf '\x01' > fortunes/wisdom.dat
printf 'This sentence is from the package of somebody else.\n%%\n' > fortunes/somebody
printf '\n\n\tHe/pps said/vbd ``/`` It/pps is/bez late/jj ,/, is/bez it/pps ?/. ?/. '"''/''"' and/cc left/vbd ./.\n' > brown/ca01

BROWN=brown DICTIONARIES=dictd FORTUNES=fortunes QUILLET=$tool "$sources/tools/recipes/english" out corpus
LC_ALL=C sort out/english.txt > got
LC_ALL=C sort > expected <<'END'
A consideration of the rationale... of our passions seems to me very necessary.
A quotation of the demo, with "marks", 'single' ones; and more: is it (really) one? Yes.
ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz -- 0123456789!
And the second one of it?
As might affect the earth with cold heat.
First sentence of a fortune.
He is wrong about that.
He said "It is late, is it?" and left.
The preacher went up to the ambo and began to speak.
END
diff expected got

gzip > book/intro.md.gz <<'END'
# A heading of the book

This *paragraph* has a [link](a.md#b "c") in it, and is long enough. So has the **second
sentence** of it -- has it not? A list follows (p. 12). Short.

  * An item of a list, which is a sentence, too.

You see, no text may have this long sentence in it.

It costs 5 $ at the market, or so they say at home.
END
printf 'The second file comes after the first one.\n' | gzip > book/more.md.gz
ESSAYS=book QUILLET=$tool "$sources/tools/recipes/essays" essays corpus
LC_ALL=C sort essays/english.txt > got
LC_ALL=C sort > expected <<'END'
This paragraph has a link in it, and is long enough.
So has the second sentence of it - has it not?
The second file comes after the first one.
END
diff expected got
