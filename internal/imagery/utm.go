package imagery

import (
	"fmt"
	"math"
)

const (
	falseX     = 500_000
	scale      = 0.9996
	semiMajor  = 6378137.0
	flattening = 1 / 298.257223563
)

// UTM is one projection of the Universal Transverse Mercator system on WGS84.
type UTM struct {
	Zone  int // 1 to 60
	South bool
}

// EPSG is the projection's code: 326zz north, 327zz south.
func (u UTM) EPSG() int {
	if u.South {
		return 32700 + u.Zone
	}
	return 32600 + u.Zone
}

// UTMOf is the projection of an EPSG code.
func UTMOf(epsg int) (UTM, error) {
	u := UTM{Zone: epsg % 100, South: epsg/100 == 327}
	if (epsg/100 != 326 && epsg/100 != 327) || u.Zone < 1 || u.Zone > 60 {
		return UTM{}, fmt.Errorf("EPSG:%d is no UTM projection on WGS84", epsg)
	}
	return u, nil
}

// ZoneAt is the zone whose six degrees hold a longitude; its west edge belongs to it.
func ZoneAt(lon float64) int {
	z := int(math.Floor((lon+180)/6)) % 60
	if z < 0 {
		z += 60
	}
	return z + 1
}

func (u UTM) west() float64 { return float64(u.Zone-1)*6 - 180 }
func (u UTM) east() float64 { return u.west() + 6 }

// Forward projects a longitude and latitude in degrees to metres. It agrees with
// PROJ to less than a micrometre in the zone and well beyond it.
func (u UTM) Forward(lon, lat float64) (east, north float64) {
	east, north = mercator(u.west()+3, lon, lat)
	east += falseX
	if u.South {
		north += falseY
	}
	return east, north
}

// Inverse is the longitude, from -180 to 180, and latitude of a point in metres.
func (u UTM) Inverse(east, north float64) (lon, lat float64) {
	if u.South {
		north -= falseY
	}
	return mercatorInverse(u.west()+3, east-falseX, north)
}

// The series of Krüger in the third flattening n, to its sixth power, as given by
// Karney, "Transverse Mercator with an accuracy of a few nanometers" (2011),
// equations 12, 14, 35 and 36.
var (
	n1 = flattening / (2 - flattening)
	n2 = n1 * n1
	n3 = n2 * n1
	n4 = n3 * n1
	n5 = n4 * n1
	n6 = n5 * n1

	eccentricity = math.Sqrt(flattening * (2 - flattening))
	rectifying   = scale * semiMajor / (1 + n1) * (1 + n2/4 + n4/64 + n6/256)

	alpha = [6]float64{
		n1/2 - n2*2/3 + n3*5/16 + n4*41/180 - n5*127/288 + n6*7891/37800,
		n2*13/48 - n3*3/5 + n4*557/1440 + n5*281/630 - n6*1983433/1935360,
		n3*61/240 - n4*103/140 + n5*15061/26880 + n6*167603/181440,
		n4*49561/161280 - n5*179/168 + n6*6601661/7257600,
		n5*34729/80640 - n6*3418889/1995840,
		n6 * 212378941 / 319334400,
	}
	beta = [6]float64{
		n1/2 - n2*2/3 + n3*37/96 - n4/360 - n5*81/512 + n6*96199/604800,
		n2/48 + n3/15 - n4*437/1440 + n5*46/105 - n6*1118711/3870720,
		n3*17/480 - n4*37/840 - n5*209/4480 + n6*5569/90720,
		n4*4397/161280 - n5*11/504 - n6*830251/7257600,
		n5*4583/161280 - n6*108847/3991680,
		n6 * 20648693 / 638668800,
	}
)

// conformal is the tangent of the conformal latitude of a latitude's tangent.
func conformal(tau float64) float64 {
	root := math.Hypot(1, tau)
	sigma := math.Sinh(eccentricity * math.Atanh(eccentricity*tau/root))
	return tau*math.Hypot(1, sigma) - sigma*root
}

// mercator projects about a central meridian, without false origin.
func mercator(meridian, lon, lat float64) (x, y float64) {
	sin, cos := math.Sincos(math.Remainder(lon-meridian, 360) * math.Pi / 180)
	t := conformal(math.Tan(lat * math.Pi / 180))
	xi0, eta0 := math.Atan2(t, cos), math.Asinh(sin/math.Hypot(t, cos))
	xi, eta := xi0, eta0
	for j, a := range alpha {
		k := float64(2 * (j + 1))
		s, c := math.Sincos(k * xi0)
		xi += a * s * math.Cosh(k*eta0)
		eta += a * c * math.Sinh(k*eta0)
	}
	return rectifying * eta, rectifying * xi
}

func mercatorInverse(meridian, x, y float64) (lon, lat float64) {
	xi0, eta0 := y/rectifying, x/rectifying
	xi, eta := xi0, eta0
	for j, b := range beta {
		k := float64(2 * (j + 1))
		s, c := math.Sincos(k * xi0)
		xi -= b * s * math.Cosh(k*eta0)
		eta -= b * c * math.Sinh(k*eta0)
	}
	sin, cos := math.Sincos(xi)
	sinh := math.Sinh(eta)
	want := sin / math.Hypot(sinh, cos)
	tau := want
	for range 5 { // Newton; two rounds are enough anywhere, the rest guard the poles
		t := conformal(tau)
		e2 := eccentricity * eccentricity
		step := (want - t) / math.Hypot(1, t) * (1 + (1-e2)*tau*tau) / ((1 - e2) * math.Hypot(1, tau))
		tau += step
		if math.Abs(step) <= 1e-15*math.Max(1, math.Abs(tau)) {
			break
		}
	}
	lon = math.Remainder(meridian+math.Atan2(sinh, cos)*180/math.Pi, 360)
	return lon, math.Atan(tau) * 180 / math.Pi
}
