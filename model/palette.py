"""Colours of every picture: those of Okabe and Ito stay apart under every colour vision; light ones of them; greys."""

BLUE, VERMILION, GREEN, ORANGE = "#0072b2", "#d55e00", "#009e73", "#e69f00"
SKY, PURPLE, YELLOW = "#56b4e9", "#cc79a7", "#f0e442"
LIGHT_BLUE, LIGHT_GREEN, PALE_GREEN = "#9fc5e3", "#7fcbb5", "#c9e8df"
INK, SOFT, GREY, EDGE, SHADE = "#22272c", "#5c646c", "#8a929a", "#aab1b8", "#d3dae1"
GRID, IDLE, BAND, FAINT = "#d8dde2", "#e1e5e9", "#e9edf1", "#f4f5f6"
