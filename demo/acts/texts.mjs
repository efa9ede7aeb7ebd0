// The texts that people write: sentences in several scripts, unusual emoji, Markdown, code. None begins or ends with
// whitespace.

const sentences = {
  english: [
    'Has anyone tried the new mix on headphones yet?',
    'I think the bass is a touch too loud after the second chorus.',
    'Good morning everyone, coffee first.',
    'That drop at 0:42 gave me goosebumps.',
    "Can we move tonight's session to nine?",
    'The vinyl rip has a pop right before the bridge.',
    'I recorded rain on the balcony, it loops surprisingly well.',
    'Sounds great, but the reverb tail is cut off at the end.',
  ],
  german: [
    'Wer kommt heute Abend mit in den Probenraum?',
    'Die Höhen klingen jetzt viel weicher, schön!',
    'Ich hätte gern mehr Übergänge zwischen den Stücken.',
    'Größe und Lautstärke stimmen, nur das Tempo nicht.',
  ],
  french: [
    'Ça sonne déjà très bien, bravo à toute l’équipe !',
    'Je préfère la première version, plus aérée.',
    'Où est passé le deuxième couplet ?',
    'L’été dernier, on jouait ça sur la plage.',
  ],
  polish: ['Zażółć gęślą jaźń, a potem nagrajmy jeszcze raz.', 'Świetny rytm, ale wokal jest za cichy.'],
  vietnamese: ['Bài này nghe hay quá, cảm ơn bạn nhé!', 'Tối nay chúng ta tập lúc tám giờ.'],
  greek: [
    'Καλημέρα σε όλους, ποιος έχει ακούσει το νέο κομμάτι;',
    'Ο ρυθμός είναι τέλειος, μην τον αλλάξεις.',
    'Η μπάσα γραμμή θέλει λίγη δουλειά ακόμη.',
  ],
  cyrillic: [
    'Привет! Кто сегодня вечером на эфире?',
    'Мне очень нравится этот переход, оставь его.',
    'Їжачок слухає бас і танцює.',
    'Бубањ касни за пола такта, мислим.',
  ],
  arabic: [
    'مرحبا بالجميع، هل استمعتم إلى المقطع الجديد؟',
    'الإيقاع جميل جدًا، لكن الصوت منخفض قليلًا.',
    'سنبدأ البث الساعة 9:30 مساءً.',
  ],
  hebrew: ['שלום לכולם, מי שמע את הטראק החדש?', 'הבס קצת חזק מדי אחרי הפזמון השני.', 'ניפגש בשידור ב-21:00.'],
  hindi: [
    'नमस्ते दोस्तों, नया गाना कैसा लगा?',
    'ताल बहुत अच्छी है, बस आवाज़ थोड़ी धीमी है।',
    'कल शाम को अभ्यास करेंगे।',
  ],
  thai: ['สวัสดีทุกคน ฟังเพลงใหม่หรือยัง', 'จังหวะดีมาก แต่เสียงเบสดังไปหน่อย', 'คืนนี้ซ้อมกันตอนสองทุ่มนะ'],
  chinese: [
    '大家好，新歌听了吗？',
    '第二段副歌之后低音有点太重了。',
    '今晚八点直播，别迟到！',
    '這個和弦進行真的很美。',
  ],
  japanese: [
    'おはようございます、新しい曲を聴きましたか？',
    'サビの後のベースが少し大きいと思います。',
    '今夜の配信、楽しみにしています！',
    'ｶﾀｶﾅの半角も混ぜておきます。',
  ],
  korean: [
    '안녕하세요, 새 노래 들어 보셨어요?',
    '후렴 뒤에 베이스가 조금 큰 것 같아요.',
    '오늘 밤 아홉 시에 방송해요!',
  ],
};

const simpleEmoji = ['🔥', '🎧', '😂', '❤️', '☕️', '🎹', '1️⃣', '🫠'];
const composedEmoji = ['👍🏽', '👩‍🎤', '👨‍👩‍👧‍👦', '🏳️‍🌈', '🇺🇦', '🇧🇷', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '🤷🏿‍♀️', '🧑🏻‍🤝‍🧑🏿'];
const emoji = [...simpleEmoji, ...composedEmoji];

const snippets = [
  [
    'csharp',
    'public static int Count(IEnumerable<Play> plays) =>\n    plays.Count(p => p.Heard >= TimeSpan.FromSeconds(30));',
  ],
  [
    'python',
    'def bpm(beats: list[float]) -> float:\n    gaps = [b - a for a, b in zip(beats, beats[1:])]\n' +
      '    return 60 / (sum(gaps) / len(gaps))',
  ],
  [
    'rust',
    'fn gain(samples: &mut [f32], db: f32) {\n    let g = 10f32.powf(db / 20.0);\n    for s in samples { *s *= g; }\n}',
  ],
  [
    'sql',
    "select track_id, count(*) as plays\nfrom plays\nwhere counted and title <> 'it''s <b>not</b> HTML'\n" +
      'group by 1 order by 2 desc;',
  ],
  ['js', 'const next = `${"`"}${a?.b ?? "\\u0000"}`;\nconsole.log({ next, "quoted \\"key\\"": 1 });'],
  ['bash', 'ffmpeg -i in.wav -af \'loudnorm=I=-14\' -c:a libopus "$out" || exit 1'],
  ['haskell', 'scale :: Int -> [Int]\nscale root = (root +) <$> [0, 2, 4, 5, 7, 9, 11]'],
  ['json', '{ "a": [1, 2.5e-3, null], "path": "C:\\\\tmp", "n": "\\n" }'],
];

/** Texts that a careless server would change. */
export const awkwardTexts = [
  '**Plan for tonight**\n\n1. tune\n2. record *two* takes\n3. ~~sleep~~ listen',
  '> the second take, please\n\nYes, and ||the bridge in 7/8|| as well.',
  '# Set list\n- [x] Intro\n- [ ] Harbour Lights\n\n| song | key |\n|---|---|\n| Nightbus | A minor |',
  'See <https://example.org/a?b=c&d=%20> and `mix(a, b)` & "quotes" — 3 < 4 > 2.',
  // Escaped, because an editor may silently compose them: one letter in two spellings, a reversal, and several spaces.
  '\u00e9 vs e\u0301, \u00c5 vs A\u030a, \ufb01, \u202ereversed\u202c, zero\u200bwidth, NBSP\u00a0here, tab\there.',
  "Robert'); DROP TABLE messages;-- said hi 😀 \\u0041 \\' \\\" %s {0} ${x} <script>alert(1)</script>",
];

const allSentences = Object.values(sentences).flat();
export const reactionEmoji = emoji;
export const bytesOf = text => Buffer.byteLength(text, 'utf8');

export function someText(chance) {
  const kind = chance.next();
  if (kind < 0.06) return code(chance);
  if (kind < 0.11) return chance.pick(awkwardTexts);
  if (kind < 0.16) return chance.pick(emoji).repeat(chance.whole(1, 4));
  if (kind < 0.18) return longText(chance, chance.whole(1_500, 8_000));
  return talk(chance);
}

function talk(chance) {
  const script = chance.pick(Object.values(sentences));
  const parts = Array.from({ length: chance.whole(1, 3) }, () => chance.pick(script));
  if (chance.happens(0.35)) parts.push(chance.pick(emoji));
  return parts.join(chance.happens(0.1) ? '\n' : ' ');
}

function code(chance) {
  const [language, lines] = chance.pick(snippets);
  return `${chance.happens(0.5) ? `${chance.pick(sentences.english)}\n` : ''}\`\`\`${language}\n${lines}\n\`\`\``;
}

/** Text of several scripts with exactly `bytes` bytes of UTF-8: whole sentences, filled up with full stops. */
export function longText(chance, bytes) {
  let text = chance.pick(allSentences);
  for (let used = bytesOf(text); ;) {
    const sentence = ` ${chance.pick(allSentences)}`;
    used += bytesOf(sentence);
    if (used > bytes) break;
    text += sentence;
  }
  return text + '.'.repeat(bytes - bytesOf(text));
}

export const commentText = chance =>
  chance.happens(0.3) ? `${chance.pick(allSentences)} ${chance.pick(emoji)}` : chance.pick(allSentences);
