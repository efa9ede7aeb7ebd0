import { texts } from '../Language/language.svelte';

export const start = texts({
  en: {
    hello: 'Hello,',
    chat: 'Start a conversation',
    chatText: 'Make a community, send one link to your friends, and talk.',
    music: 'Upload a track',
    musicText: 'Drop a file. Everybody can hear it as soon as its copies are ready.',
    live: 'Go live',
    liveText: 'Broadcast from your microphone or from a tab, right here.',
  },
  fr: {
    hello: 'Bonjour',
    chat: 'Lancer une conversation',
    chatText: 'Créez une communauté, envoyez un lien à vos amis, et parlez.',
    music: 'Mettre un morceau en ligne',
    musicText: 'Déposez un fichier. Tout le monde l’entend dès que ses copies sont prêtes.',
    live: 'Passer en direct',
    liveText: 'Diffusez depuis votre micro ou un onglet, ici même.',
  },
});
