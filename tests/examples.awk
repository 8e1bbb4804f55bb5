# The examples of a manual page, as shell scripts: each display
# (.Bd -literal … .Ed) and each line .Dl of its EXAMPLES section becomes a file
# NN.sh in the directory given.
#
#	awk -f tests/examples.awk -v dir=DIR man/pulse-ctl.1
#
# A display of records (its first line begins with "{" or "[") is no script.
function plain(s) {
	gsub(/\\&/, "", s)
	gsub(/\\-/, "-", s)
	gsub(/\\\(aq/, "'", s)
	gsub(/\\\(dq/, "\"", s)
	gsub(/\\\(ga/, "`", s)
	gsub(/\\\(ti/, "~", s)
	gsub(/\\\(ha/, "^", s)
	gsub(/\\\(bu/, "*", s)
	gsub(/\\ /, " ", s)
	gsub(/\\e/, "\\", s)
	return s
}
function begin() {
	file = sprintf("%s/%02d.sh", dir, ++n)
	printf "" > file
}
/^\.Sh / { inside = ($2 == "EXAMPLES") }
!inside { next }
/^\.Bd .*-literal/ { display = 1; fresh = 1; next }
/^\.Ed/ { display = 0; if (file != "") close(file); file = ""; next }
display && fresh {
	fresh = 0
	if ($0 ~ /^[{[]/) { display = 0; next }
	begin()
}
display { print plain($0) >> file; next }
/^\.Dl / { begin(); print plain(substr($0, 5)) >> file; close(file); file = "" }
