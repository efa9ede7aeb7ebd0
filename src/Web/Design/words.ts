import { texts } from '../Language/language.svelte';

export const words = texts({
  en: {
    close: 'Close',
    retry: 'Try again',
    loading: 'Loading',
    wentWrong: 'That did not work',
    offline: 'You are offline. Check the connection, then try again.',
    serverAway: 'The server does not answer right now. Try again in a moment.',
    dismiss: 'Dismiss',
  },
  fr: {
    close: 'Fermer',
    retry: 'Réessayer',
    loading: 'Chargement',
    wentWrong: 'Cela n’a pas fonctionné',
    offline: 'Vous êtes hors ligne. Vérifiez la connexion, puis réessayez.',
    serverAway: 'Le serveur ne répond pas pour l’instant. Réessayez dans un moment.',
    dismiss: 'Masquer',
  },
});
