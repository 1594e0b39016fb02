import { PALETTE_CSS } from './palette.ts'

/** The style of the page: no fonts, images or scripts from elsewhere. */
export const PAGE_CSS: string = `${PALETTE_CSS}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;-webkit-text-size-adjust:100%}
main,header{max-width:1240px;margin:0 auto;padding:0 20px}
header{padding-top:40px}
h1{font-size:clamp(1.6rem,4.5vw,2.3rem);line-height:1.15;margin:0 0 .5rem;letter-spacing:-.015em}
h2{font-size:1.25rem;line-height:1.25;margin:0 0 .35rem}
h3{font-size:1rem;margin:1.4rem 0 .5rem}
p{margin:.35rem 0 .9rem;max-width:72ch}
.lead{color:var(--muted);font-size:1.05rem}
section{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:22px 22px 18px;margin:22px 0}
.note{color:var(--muted);font-size:.9rem}
.banner{border:1px solid var(--accent);border-left-width:5px;border-radius:8px;background:var(--card);padding:10px 14px;margin:16px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin:22px 0 0;padding:0;list-style:none}
.tiles li{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:14px 16px}
.tiles b{display:block;font-size:1.55rem;line-height:1.2;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
.tiles span{color:var(--muted);font-size:.86rem;line-height:1.35;display:block}
.scroll{overflow-x:auto;margin:.6rem -22px;padding:0 22px}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{padding:7px 10px;text-align:left;border-bottom:1px solid var(--rule);white-space:nowrap}
thead th{color:var(--muted);font-weight:600;font-size:.82rem;line-height:1.3;vertical-align:bottom}
.beside thead th{white-space:normal}
.beside .scroll{margin:0;padding:0}
.beside tbody th{font-weight:400}
tbody th{font-weight:600}
th.number,td.number{text-align:right}
tr.part th{font-weight:400;color:var(--muted);padding-left:26px}
tr.part td{color:var(--muted)}
tbody tr:last-child>*{border-bottom:0}
.figures{display:flex;flex-wrap:wrap;gap:18px 26px;margin-top:10px}
figure{margin:0;min-width:min(100%,290px);flex:1 1 0}
figure svg{display:block;width:100%;height:auto;overflow:visible}
.beside{flex:1 1 320px;min-width:0}
.beside h3{margin-top:0}
.key{display:flex;flex-wrap:wrap;gap:4px 20px;list-style:none;margin:.7rem 0 .2rem;padding:0;font-size:.88rem}
.key li{display:flex;align-items:center;gap:8px}
figcaption{color:var(--muted);font-size:.86rem;line-height:1.4;margin-top:6px}
.digits{display:grid;grid-template-columns:repeat(auto-fill,minmax(124px,1fr));gap:12px;margin:0;padding:0;list-style:none}
.digit{border:1px solid var(--rule);border-radius:10px;padding:10px}
.digit img{display:block;width:84px;height:84px;margin:0 auto 8px;image-rendering:pixelated;border-radius:6px}
@media (prefers-color-scheme: light){.digit img,figure image{filter:invert(1)}}
.bars{display:grid;grid-template-columns:repeat(10,1fr);gap:2px;height:54px;align-items:end;border-bottom:1px solid var(--muted)}
.bars i{display:block;background:var(--series-4);min-height:1px;border-radius:2px 2px 0 0}
.bars i.right{background:var(--good)}
.bars i.wrong{background:var(--bad)}
.classes{display:grid;grid-template-columns:repeat(10,1fr);gap:2px;font-size:.68rem;color:var(--muted);text-align:center}
.digit p{margin:6px 0 0;font-size:.82rem;line-height:1.4}
.digit p.caption{margin:0 0 2px;text-align:center;color:var(--muted)}
.digit p.note{margin-top:2px;font-size:.76rem}
.good{color:var(--good)}
.bad{color:var(--bad)}
ul.remarks{padding-left:1.15rem;margin:.4rem 0}
ul.remarks li{margin:.5rem 0;max-width:80ch}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;font-size:.9rem;margin:.6rem 0}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
code{font:.88em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
footer{max-width:1240px;margin:0 auto;padding:0 20px 40px;color:var(--muted);font-size:.86rem}
@media (max-width:520px){main,header,footer{padding-left:12px;padding-right:12px}header{padding-top:24px}section{padding:16px 14px}.scroll{margin-left:-14px;margin-right:-14px;padding:0 14px}th{white-space:normal!important}th,td{padding:7px 6px}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:8px}}
@media print{body{background:none}section,.tiles li{break-inside:avoid;border-color:#bbb}}
`
