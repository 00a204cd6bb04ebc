package bench

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Plot is a drawing of medians, each with a line from its smallest to its largest
// value: bars if Names are given, else lines.
type Plot struct {
	Title string
	X, Y  string   // the axes' quantities, with units
	Names []string // of the bars: a point's X is its place among them, from 0
	LogX  bool     // logarithmic axes, of lines only
	LogY  bool
	Lines []Line // or groups of bars
}

// Line is what belongs together. Its name is empty if there is only one.
type Line struct {
	Name   string
	Points []Point
}

// Point is a median and the span that it is of.
type Point struct{ X, Y, Low, High float64 }

// The drawings' sizes.
const (
	plotWidth  = 18 * vg.Centimeter
	plotHeight = 9 * vg.Centimeter
	barRoom    = 0.7 * vg.Centimeter // of each bar and the space around it
	frameRoom  = 3 * vg.Centimeter   // of title and axis
	legendRoom = 3 * vg.Centimeter
	margin     = vg.Centimeter / 2
	barShare   = 0.7 // of its room
)

// palette can be told apart by people who don't see all colours, also in print
// (that of Okabe and Ito).
var palette = []color.Color{
	color.RGBA{R: 0, G: 114, B: 178, A: 255},
	color.RGBA{R: 230, G: 159, B: 0, A: 255},
	color.RGBA{R: 0, G: 158, B: 115, A: 255},
	color.RGBA{R: 204, G: 121, B: 167, A: 255},
	color.RGBA{R: 86, G: 180, B: 233, A: 255},
	color.RGBA{R: 213, G: 94, B: 0, A: 255},
}

func colour(i int) color.Color { return palette[i%len(palette)] }

var errNothingToDraw = errors.New("nothing to draw")

// SVG draws the plot. It fails if there is nothing that has a place on the axes.
func (p *Plot) SVG() ([]byte, error) {
	if !slices.ContainsFunc(p.Lines, func(l Line) bool { return len(p.drawable(l.Points)) > 0 }) {
		return nil, errNothingToDraw
	}
	drawn := plot.New()
	drawn.Title.Text = p.Title
	drawn.Title.Padding = vg.Points(6)
	legend := plot.NewLegend()
	legend.Top, legend.Left = true, true
	sansSerif(drawn, &legend)
	var err error
	height := plotHeight
	if len(p.Names) > 0 {
		height = frameRoom + barRoom*vg.Length(len(p.Names)*len(p.Lines))
		err = p.drawBars(drawn, &legend)
	} else {
		err = p.drawLines(drawn, &legend)
	}
	if err != nil {
		return nil, err
	}
	canvas := vgsvg.New(plotWidth, height)
	whole, room := draw.New(canvas), margin
	if len(p.Lines) > 1 {
		room += legendRoom
		legend.Draw(draw.Crop(whole, plotWidth-legendRoom, 0, margin, -2*margin))
	}
	drawn.Draw(draw.Crop(whole, margin, -room, margin, -margin))
	var out bytes.Buffer
	_, err = canvas.WriteTo(&out)
	return bytes.ReplaceAll(out.Bytes(), []byte(measuredFont+";"), []byte(measuredFont+",Arial,Helvetica,sans-serif;")), err
}

// measuredFont is the font that texts are laid out with, as a drawing calls it. A
// viewer that doesn't have it is told of those that are as wide.
const measuredFont = "Liberation Sans"

// sansSerif sets the font of all texts.
func sansSerif(drawn *plot.Plot, legend *plot.Legend) {
	for _, style := range []*text.Style{
		&drawn.Title.TextStyle, &drawn.X.Label.TextStyle, &drawn.Y.Label.TextStyle,
		&drawn.X.Tick.Label, &drawn.Y.Tick.Label, &legend.TextStyle,
	} {
		style.Font.Typeface, style.Font.Variant = "Liberation", "Sans"
	}
}

// drawBars draws horizontal bars, whose names have room, the first on top.
func (p *Plot) drawBars(drawn *plot.Plot, legend *plot.Legend) error {
	drawn.X.Label.Text = p.Y
	drawn.X.Tick.Marker = ticks{plot.DefaultTicks{}}
	drawn.X.Min = 0
	names := slices.Clone(p.Names)
	slices.Reverse(names)
	width := barRoom * barShare
	for i, line := range p.Lines {
		values := make(plotter.Values, len(names))
		var spans spans
		offset := barRoom * vg.Length(float64(len(p.Lines)-1)/2-float64(i))
		for _, point := range line.Points {
			place := len(names) - 1 - int(point.X)
			if place < 0 || place >= len(names) {
				return fmt.Errorf("no name for bar %v", point.X)
			}
			values[place] = point.Y
			spans = append(spans, Point{X: point.Y, Y: float64(place), Low: point.Low, High: point.High})
		}
		chart, err := plotter.NewBarChart(values, width)
		if err != nil {
			return err
		}
		chart.Horizontal, chart.Offset = true, offset
		chart.Color, chart.LineStyle.Width = colour(i), 0
		drawn.Add(chart, &whiskers{spans, offset})
		if line.Name != "" {
			legend.Add(line.Name, chart)
		}
	}
	drawn.NominalY(names...)
	return nil
}

func (p *Plot) drawLines(drawn *plot.Plot, legend *plot.Legend) error {
	drawn.X.Label.Text, drawn.Y.Label.Text = p.X, p.Y
	drawn.X.Tick.Marker, drawn.Y.Tick.Marker = ticks{plot.DefaultTicks{}}, ticks{plot.DefaultTicks{}}
	if p.LogX {
		drawn.X.Scale, drawn.X.Tick.Marker = plot.LogScale{}, ticks{plot.LogTicks{}}
	}
	if p.LogY {
		drawn.Y.Scale, drawn.Y.Tick.Marker = plot.LogScale{}, ticks{plot.LogTicks{}}
	} else {
		drawn.Y.Min = 0
	}
	drawn.Add(plotter.NewGrid())
	for i, line := range p.Lines {
		points := spans(p.drawable(line.Points))
		if len(points) == 0 {
			continue
		}
		curve, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return err
		}
		curve.Color, curve.Width = colour(i), vg.Points(1.5)
		marks.Color, marks.Shape, marks.Radius = colour(i), draw.CircleGlyph{}, vg.Points(2.5)
		bars, err := plotter.NewYErrorBars(points)
		if err != nil {
			return err
		}
		bars.Color = colour(i)
		drawn.Add(curve, marks, bars)
		if line.Name != "" {
			legend.Add(line.Name, curve, marks)
		}
	}
	return nil
}

// drawable are the points that have a place on the axes: a logarithmic one has
// none for what is not above 0.
func (p *Plot) drawable(points []Point) (kept []Point) {
	for _, point := range points {
		if p.LogX && point.X <= 0 || p.LogY && point.Y <= 0 {
			continue
		}
		if p.LogY && point.Low <= 0 {
			point.Low = point.Y
		}
		kept = append(kept, point)
	}
	return kept
}

// spans are points in the form that the plotters want.
type spans []Point

func (s spans) Len() int                { return len(s) }
func (s spans) XY(i int) (x, y float64) { return s[i].X, s[i].Y }
func (s spans) YError(i int) (low, high float64) {
	return s[i].Y - s[i].Low, s[i].High - s[i].Y
}

// whiskers are the spans of horizontal bars: X is a bar's length, Y its place, and
// the offset that of its chart.
type whiskers struct {
	spans  spans
	offset vg.Length
}

// Plot draws them.
func (w *whiskers) Plot(canvas draw.Canvas, drawn *plot.Plot) {
	x, y := drawn.Transforms(&canvas)
	style := draw.LineStyle{Color: color.Gray{Y: 64}, Width: vg.Points(1)}
	for _, s := range w.spans {
		at := y(s.Y) + w.offset
		canvas.StrokeLine2(style, x(s.Low), at, x(s.High), at)
		for _, end := range []float64{s.Low, s.High} {
			canvas.StrokeLine2(style, x(end), at-vg.Points(3), x(end), at+vg.Points(3))
		}
	}
}

// DataRange is what the axes have to show.
func (w *whiskers) DataRange() (xmin, xmax, ymin, ymax float64) {
	for i, s := range w.spans {
		if i == 0 {
			ymin, ymax = s.Y, s.Y
		}
		xmax, ymin, ymax = max(xmax, s.High), min(ymin, s.Y), max(ymax, s.Y)
	}
	return 0, xmax, ymin, ymax
}

// ticks are another ticker's with short labels.
type ticks struct{ plot.Ticker }

// Ticks labels large numbers with k and M.
func (t ticks) Ticks(low, high float64) []plot.Tick {
	marks := t.Ticker.Ticks(low, high)
	for i := range marks {
		if marks[i].Label != "" {
			marks[i].Label = short(marks[i].Value)
		}
	}
	return marks
}

// short is a number with k for thousands and M for millions.
func short(x float64) string {
	switch {
	case x >= 1e6:
		return strconv.FormatFloat(x/1e6, 'g', 4, 64) + "M"
	case x >= 1e4:
		return strconv.FormatFloat(x/1e3, 'g', 4, 64) + "k"
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}
