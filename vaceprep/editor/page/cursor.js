// What a tool shows above the picture: the ring of the brush, the cross of the keys, an open polygon.

import { stage } from "./stage.js";

export function drawTools(mask, pen) {
  const thin = (window.devicePixelRatio || 1) / stage.scale;
  const lines = [["#000", 3.5 * thin], ["#fff", 1.5 * thin]];
  const point = mask.hover;
  for (const [colour, width] of lines) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    if (mask.corners.length) {
      pen.beginPath();
      for (const corner of mask.corners) pen.lineTo(corner.x + 0.5, corner.y + 0.5);
      if (point) pen.lineTo(point.x + 0.5, point.y + 0.5);
      pen.stroke();
      pen.strokeRect(mask.corners[0].x - 3 * thin, mask.corners[0].y - 3 * thin, 6 * thin, 6 * thin);
    }
    if (!point) continue;
    pen.beginPath();
    if (mask.tool === "brush" || mask.tool === "eraser") {
      pen.arc(point.x + 0.5, point.y + 0.5, mask.size / 2, 0, 2 * Math.PI);
    } else if (mask.tool !== "hand" && mask.byKeys) {
      for (const [dx, dy] of [[8, 0], [0, 8]]) {
        pen.moveTo(point.x + 0.5 - dx * thin, point.y + 0.5 - dy * thin);
        pen.lineTo(point.x + 0.5 + dx * thin, point.y + 0.5 + dy * thin);
      }
    }
    pen.stroke();
  }
}
