/** The bundler turns an imported style sheet into a part of dist/page/main.css. */
declare module '*.css';
